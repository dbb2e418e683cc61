-- The verdict on each due run: published, quarantined or postponed, with the reasons.
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ contract_of(product_at_hand()).product }}'
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

-- Later runs of the same build were compared with the blocked run, which is not published.
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
        'training_config_sha256', 'feature_version', 'output_schema_version', 'revision', 'former_run_id'
    ] %}
    ordered.{{ column }},
    {%- endfor %}
    manifest.feature_snapshot_id,
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
    end as outcome_reason
from ordered
left join {{ source('operations', 'snapshot_manifest') }} as manifest
    on
        ordered.as_of = manifest.as_of
        and ordered.data_cutoff = manifest.data_cutoff
        and ordered.feature_version = manifest.feature_version
left join scored on ordered.run_id = scored.run_id
