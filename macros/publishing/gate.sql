{% macro gate(product) -%}
with runs as (
    select * from {{ ref('scoring_plan') }}
    where product = '{{ product }}' and is_due
),

registry as (
    select * from {{ ref('model_registry') }}
),

manifest as (
    select * from {{ source('operations', 'snapshot_manifest') }}
),

blocking as (
    select
        run_id,
        string_agg(check_name || ': ' || message, ' ' order by check_name, scope) as reasons
    from {{ ref('checks_' ~ product) }}
    where severity = 'block' and outcome = 'failed'
    group by run_id
),

checked as (
    select distinct run_id
    from {{ ref('checks_' ~ product) }}
),

scored as (
    select
        run_id,
        count(*) as rows_scored
    from {{ ref('candidates_' ~ product) }}
    group by run_id
)

select
    runs.run_id,
    runs.product,
    runs.as_of,
    runs.model_version,
    registry.training_run_id,
    runs.feature_version,
    manifest.feature_snapshot_id,
    runs.output_schema_version,
    runs.planned_at as predicted_at,
    coalesce(scored.rows_scored, 0) as rows_scored,
    case
        when checked.run_id is not null and blocking.run_id is null then 'published' else 'quarantined'
    end as outcome,
    case when checked.run_id is null then 'no check was evaluated' else blocking.reasons end as reasons,
    case
        when checked.run_id is null then 'no check was evaluated'
        else coalesce(blocking.reasons, 'every blocking check passed')
    end as outcome_reason,
    runs.invocation_id
from runs
left join registry
    on runs.product = registry.product and runs.model_version = registry.model_version
left join manifest
    on
        runs.as_of = manifest.as_of
        and runs.data_cutoff = manifest.data_cutoff
        and runs.feature_version = manifest.feature_version
left join checked on runs.run_id = checked.run_id
left join blocking on runs.run_id = blocking.run_id
left join scored on runs.run_id = scored.run_id
{%- endmacro %}


{% macro prediction_records(product, outcome) -%}
with candidates as (
    select * from {{ ref('candidates_' ~ product) }}
),

runs as (
    select * from {{ runs_without_outcome(product, outcome) }} as gate
)

select
    {{ prediction_id('runs.run_id', 'candidates.customer_id') }} as prediction_id,
    runs.run_id,
    runs.product,
    candidates.customer_id,
    runs.as_of,
    cast(runs.as_of as date) as prediction_date,
    runs.predicted_at,
    candidates.score,
    candidates.score_lower,
    candidates.score_upper,
    candidates.interval_level,
    candidates.label,
    candidates.reason_codes,
    runs.model_version,
    runs.training_run_id,
    runs.feature_version,
    runs.feature_snapshot_id,
    runs.output_schema_version
    {%- if outcome == 'quarantined' %},
    runs.reasons
    {%- endif %}
from candidates
inner join runs on candidates.run_id = runs.run_id
{%- endmacro %}
