-- Each product's newest slot with complete data, and the slots to be computed again; or the as-ofs that were asked for.
with contracts as (
    select
        *,
        {{ clock() }} as planned_at
    from {{ ref('prediction_contracts') }}
),

asked_for as (
    {% for requested in requested_as_ofs() if execute %}
    select
        {{ literal(requested.product) }} as product,
        {{ timestamp_literal(requested.as_of) }} as as_of
    {{ 'union' if not loop.last }}
    {% else %}
    select {{ typed_nulls({'product': 'text', 'as_of': 'timestamp'}) }}
    where false
    {% endfor %}
),

newest as (
    select
        product,
        {{ slot_at_or_before(add_hours('planned_at', '-availability_lag_hours'), 'cadence', 'anchor_days') }} as as_of
    from contracts
),

-- A request is answered by a run of its revision that was published or quarantined.
to_republish as (
    select
        requests.product,
        requests.as_of
    from {{ source('operations', 'republish_requests') }} as requests
    anti join {{ ref('run_states') }} as runs
        on
            requests.product = runs.product
            and requests.as_of = runs.as_of
            and requests.revision <= runs.revision
            and (runs.is_served or runs.status in ('quarantined', 'withdrawn'))
),

scheduled as (
    select
        product,
        as_of,
        'newest slot' as origin
    from newest

    union all

    select distinct
        to_republish.product,
        to_republish.as_of,
        'republish requested' as origin
    from to_republish
    left join newest on to_republish.product = newest.product and to_republish.as_of = newest.as_of
    where newest.product is null
),

considered as (
    select * from scheduled
    where not exists (select 1 from asked_for)

    union all

    select distinct
        contracts.product,
        asked_for.as_of,
        'asked for' as origin
    from contracts
    inner join asked_for on contracts.product = asked_for.product or asked_for.product is null
)

select
    considered.*,
    {{ add_hours('considered.as_of', 'contracts.availability_lag_hours') }} as data_cutoff,
    contracts.output_schema_version,
    contracts.planned_at
from considered
inner join contracts on considered.product = contracts.product
