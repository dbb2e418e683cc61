-- Runs that are due now, by product, and the reason why the others are not.
{{ config(post_hook=[
    {"sql": "{{ announce_plan() }}", "transaction": false},
    {"sql": "{{ record_plan() }}", "transaction": false}
]) }}

with pinned as (
    select
        slots.*,
        pins.model_version,
        pins.feature_version
    from {{ ref('slots_considered') }} as slots
    left join {{ ref('pins_in_force') }} as pins
        on
            slots.product = pins.product
            and {{ is_in_force('slots.as_of', 'pins.pinned_from', 'pins.pinned_until') }}
),

requests as (
    select
        *,
        row_number() over (partition by product, as_of order by revision desc) as newest
    from {{ source('operations', 'republish_requests') }}
),

revised as (
    select
        pinned.*,
        coalesce(requests.revision, 0) as revision,
        requests.requested_by || ' asked to republish it: ' || requests.reason as request
    from pinned
    left join requests
        on pinned.product = requests.product and pinned.as_of = requests.as_of and requests.newest = 1
),

identified as (
    select
        *,
        {{ run_id(
            'product', 'as_of', 'model_version', 'feature_version', 'output_schema_version', 'revision'
        ) }} as run_id
    from revised
),

decided as (
    select
        identified.*,
        run_states.status as last_status,
        case
            when identified.model_version is null
                then 'not due: no model is pinned at this as-of; add a row to seeds/model_pins.csv'
            when identified.planned_at < identified.data_cutoff
                then 'not due: the data cutoff has not passed'
            when run_states.is_served then 'not due: published'
            when run_states.status = 'quarantined'
                then 'not due: quarantined, waits for a review'
            when run_states.status = 'withdrawn'
                then 'not due: withdrawn, waits for a republish'
            when run_states.status is null then 'due: ' || coalesce(identified.request, identified.origin)
            else 'due: the last attempt ' || run_states.status
        end as reason
    from identified
    left join {{ ref('run_states') }} as run_states on identified.run_id = run_states.run_id
)

select
    product,
    as_of,
    data_cutoff,
    model_version,
    feature_version,
    output_schema_version,
    revision,
    run_id,
    reason like 'due:%' as is_due,
    reason,
    planned_at,
    '{{ invocation_id }}' as invocation_id
from decided
