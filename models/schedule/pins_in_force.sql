-- Which model a product uses from when until when. A later pin ends the one before it.
{{ config(materialized='view') }}

with pins as (
    select
        product,
        model_version,
        cast(pinned_from as timestamp) as pinned_from
    from {{ ref('model_pins') }}
),

registry as (
    select * from {{ ref('model_registry') }}
)

select
    pins.product,
    pins.model_version,
    pins.pinned_from,
    registry.feature_version,
    lead(pins.pinned_from) over (
        partition by pins.product order by pins.pinned_from
    ) as pinned_until
from pins
left join registry
    on
        pins.product = registry.product
        and pins.model_version = registry.model_version
