-- The verdict on each due run: published, quarantined or postponed, with the reasons.
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ contract_of(product_at_hand()).product }}'
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
    from {{ product_ref('checks') }}
    group by run_id
),

scored as (
    select
        run_id,
        count(*) as rows_scored
    from {{ product_source('candidates') }}
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
    {%- for column in [
        'run_id', 'product', 'as_of', 'data_cutoff', 'model_version', 'training_run_id', 'artifact_sha256',
        'training_config_sha256', 'feature_version'
    ] %}
    ordered.{{ column }},
    {%- endfor %}
    manifest.feature_snapshot_id,
    ordered.output_schema_version,
    ordered.revision,
    ordered.former_run_id,
    ordered.planned_at as predicted_at,
    coalesce(scored.rows_scored, 0) as rows_scored,
    case when is_after_blocked then 'postponed' when is_blocked then 'quarantined' else 'published' end as outcome,
    case when is_blocked then reasons end as reasons,
    case
        when is_after_blocked
            then 'postponed: an earlier slot of this build is quarantined; the next build compares with what is served'
        when is_blocked then reasons
        else summary
    end as outcome_reason,
    ordered.invocation_id
from ordered
left join manifest using (as_of, data_cutoff, feature_version)
left join scored on ordered.run_id = scored.run_id
