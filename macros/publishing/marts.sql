{% macro current_predictions(product) -%}
{%- set contract = contract_of(product) -%}
{%- set cadence = "'" ~ contract.schedule.cadence ~ "'" -%}
{%- set anchor = anchor_days(contract.schedule) if execute else 0 -%}
with runs as (
    select * from {{ ref('run_states') }}
    where product = '{{ product }}'
),

newest_served as (
    select
        run_id,
        as_of,
        serving_entry
    from runs
    where is_served
    order by as_of desc, serving_entry desc
    limit 1
),

-- Attempts at this slot or a newer one that came to nothing after this run was published.
came_to_nothing as (
    select count(*) as attempts
    from runs
    inner join newest_served
        on runs.as_of >= newest_served.as_of and runs.last_entry > newest_served.serving_entry
    where runs.status in ('failed', 'crashed', 'quarantined', 'withdrawn')
),

clock as (
    select {{ current_utc_timestamp() }} as read_at
),

served as (
    select
        newest_served.run_id,
        came_to_nothing.attempts > 0 as newer_run_failed,
        {{ hours_between('newest_served.as_of', 'clock.read_at') }} as age_hours,
        {{ add_hours(
            next_slot('newest_served.as_of', cadence, anchor),
            contract.schedule.availability_lag_hours ~ ' + ' ~ contract.freshness.expected_within_hours
        ) }} as fresh_until,
        clock.read_at
    from newest_served
    cross join came_to_nothing
    cross join clock
),

judged as (
    select
        run_id,
        age_hours,
        fresh_until,
        {{ freshness('age_hours', contract.freshness.max_age_hours, 'read_at', 'fresh_until') }} as freshness,
        newer_run_failed
    from served
),

predictions as (
    select * from {{ ref('predictions_' ~ product) }}
)

select
    predictions.customer_id,
    predictions.score,
    predictions.score_lower,
    predictions.score_upper,
    predictions.interval_level,
    predictions.label,
    predictions.reason_codes,
    predictions.as_of,
    predictions.predicted_at,
    predictions.model_version,
    predictions.feature_version,
    predictions.output_schema_version,
    predictions.run_id,
    predictions.prediction_id,
    judged.age_hours,
    judged.fresh_until,
    judged.freshness,
    case
        when judged.freshness = 'fresh' and not judged.newer_run_failed then 'current' else 'last_known_good'
    end as served_as,
    judged.freshness <> 'stale' as action_allowed,
    case
        when judged.freshness = 'stale'
            then 'The predictions are older than the {{ contract.freshness.max_age_hours }} hours that the contract allows.'
    end as action_blocked_reason
from predictions
inner join judged on predictions.run_id = judged.run_id
{%- endmacro %}


{% macro freshness(age_hours, max_age_hours, read_at, fresh_until) -%}
    case
        when {{ age_hours }} > {{ max_age_hours }} then 'stale'
        when {{ read_at }} > {{ fresh_until }} then 'due'
        else 'fresh'
    end
{%- endmacro %}


{% macro prediction_history(product) -%}
with runs as (
    select
        run_id,
        is_served,
        row_number() over (partition by as_of order by is_served desc, serving_entry desc) as place
    from {{ ref('run_states') }}
    where product = '{{ product }}'
)

select
    predictions.*,
    not runs.is_served as is_withdrawn,
    runs.is_served and runs.place > 1 as is_superseded
from {{ ref('predictions_' ~ product) }} as predictions
inner join runs on predictions.run_id = runs.run_id
{%- endmacro %}
