{% macro gate(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

manifest as (
    select * from {{ source('operations', 'snapshot_manifest') }}
),

checked as (
    select
        run_id,
        count(*) filter (where severity = 'block' and outcome = 'failed') as blocking,
        count(*) filter (where outcome = 'passed') as passed,
        count(*) filter (where severity = 'warn' and outcome = 'failed') as warned,
        count(*) filter (where outcome = 'not_evaluated') as not_evaluated,
        {{ sentences("severity = 'block' and outcome = 'failed'") }} as reasons,
        {{ sentences("severity = 'warn' and outcome = 'failed'") }} as warnings
    from {{ ref('checks_' ~ product) }}
    group by run_id
),

scored as (
    select
        run_id,
        count(*) as rows_scored
    from {{ ref('candidates_' ~ product) }}
    group by run_id
),

judged as (
    select
        runs.*,
        coalesce(checked.blocking > 0, true) as is_blocked,
        coalesce(checked.reasons, 'no check was evaluated') as reasons,
        checked.passed || ' checks passed, ' || checked.not_evaluated || ' were not evaluated, '
        || checked.warned || ' warned'
        || case when checked.warned > 0 then ': ' || checked.warnings else '.' end as summary
    from runs
    left join checked on runs.run_id = checked.run_id
),

-- What comes after a blocked run in the same build was compared with something that is not published.
ordered as (
    select
        *,
        coalesce(max(case when is_blocked then 1 else 0 end) over (
            order by as_of
            rows between unbounded preceding and 1 preceding
        ), 0) = 1 as is_after_blocked
    from judged
)

select
    ordered.run_id,
    ordered.product,
    ordered.as_of,
    ordered.data_cutoff,
    ordered.model_version,
    ordered.training_run_id,
    ordered.artifact_sha256,
    ordered.training_config_sha256,
    ordered.feature_version,
    manifest.feature_snapshot_id,
    ordered.output_schema_version,
    ordered.revision,
    ordered.former_run_id,
    ordered.planned_at as predicted_at,
    coalesce(scored.rows_scored, 0) as rows_scored,
    case
        when ordered.is_after_blocked then 'postponed'
        when ordered.is_blocked then 'quarantined'
        else 'published'
    end as outcome,
    case when ordered.is_blocked then ordered.reasons end as reasons,
    case
        when ordered.is_after_blocked
            then 'postponed: an earlier slot of this build is quarantined; the next build compares with what is served'
        when ordered.is_blocked then ordered.reasons
        else ordered.summary
    end as outcome_reason,
    ordered.invocation_id
from ordered
left join manifest
    on
        ordered.as_of = manifest.as_of
        and ordered.data_cutoff = manifest.data_cutoff
        and ordered.feature_version = manifest.feature_version
left join scored on ordered.run_id = scored.run_id
{%- endmacro %}


{% macro sentences(condition) -%}
    string_agg(check_name || ': ' || message, ' ' order by check_name, scope) filter (where {{ condition }})
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
