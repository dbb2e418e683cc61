-- Each product's newest slot whose data are complete; or, where as-ofs were asked for, those.
{{ config(materialized='view') }}

with contracts as (
    select * from {{ ref('prediction_contracts') }}
),

asked_for as (
    {% for as_of in requested_as_ofs() if execute %}
    select {{ timestamp_literal(as_of) }} as as_of
    {{ 'union' if not loop.last }}
    {% else %}
    select cast(null as timestamp) as as_of
    where false
    {% endfor %}
),

clock as (
    select {{ clock() }} as planned_at
),

newest as (
    select
        contracts.product,
        {{ slot_at_or_before(
            add_hours('clock.planned_at', '-contracts.availability_lag_hours'),
            'contracts.cadence', 'contracts.anchor_days'
        ) }} as as_of
    from contracts
    cross join clock
),

considered as (
    select
        product,
        as_of,
        'newest slot' as origin
    from newest
    where not exists (select 1 from asked_for)

    union all

    select
        contracts.product,
        asked_for.as_of,
        'asked for' as origin
    from contracts
    cross join asked_for
)

select
    considered.product,
    considered.as_of,
    considered.origin,
    {{ add_hours('considered.as_of', 'contracts.availability_lag_hours') }} as data_cutoff,
    contracts.output_schema_version,
    clock.planned_at
from considered
inner join contracts on considered.product = contracts.product
cross join clock
