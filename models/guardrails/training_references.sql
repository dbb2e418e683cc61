-- The training distributions of the models that scored, read from their cards: one row per bin or category.
{%- set product = contract_of(product_at_hand()).product %}

with scored as (
    select distinct model_version from {{ product_source('candidates') }}
    where model_version is not null
),

registry as (
    select * from {{ ref('model_registry') }}
    where product = '{{ product }}'
),

cards as (
    select
        scored.model_version,
        training_reference(
            '{{ product }}',
            scored.model_version,
            case when registry.model_version is null then '' else cast(to_json(registry) as text) end
        ) as bins
    from scored
    left join registry on scored.model_version = registry.model_version
)

select
    '{{ product }}' as product,
    model_version,
    unnest(bins, recursive := true)
from cards
