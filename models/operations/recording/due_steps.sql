-- The five steps of each attempt, from the results of the nodes behind them. After the first step that did not pass,
-- the others are skipped.
with attempts as (
    select
        *,
        case when status = 'quarantined' then 'quarantine_' else 'predictions_' end || product as table_name
    from {{ ref('run_attempts') }}
),

steps as (
    select
        attempts.run_id,
        attempts.product,
        attempts.invocation_id,
        unnest(['load_feature_snapshot', 'apply_pinned_model', 'predict', 'validate', 'persist']) as step,
        unnest([1, 2, 3, 4, 5]) as step_number,
        unnest([
            'feature_snapshots', 'candidates_' || attempts.product, 'candidates_' || attempts.product,
            'checks_' || attempts.product, attempts.table_name
        ]) as node_name
    from attempts
),

judged as (
    select
        steps.*,
        results.status as result_status,
        results.message,
        results.started_at,
        results.finished_at,
        results.status = 'success' or (
            -- The model was applied; what it computed is judged by the next step.
            results.status = 'error' and steps.step = 'apply_pinned_model' and contains(results.message, 'ScoringError')
        ) as is_passed
    from steps
    left join {{ source('invocation', 'run_results') }} as results on steps.node_name = results.name
),

stopped as (
    select
        *,
        min_by(step, step_number) filter (where not is_passed and result_status in ('error', 'skipped')) over (
            partition by run_id order by step_number rows between unbounded preceding and 1 preceding
        ) as failed_step
    from judged
)

select
    stopped.run_id,
    stopped.product,
    stopped.invocation_id,
    stopped.step,
    stopped.step_number,
    case
        when stopped.failed_step is not null then 'skipped'
        when stopped.is_passed then 'passed'
        when stopped.result_status = 'error' then 'failed'
        else 'skipped'
    end as status,
    case when stopped.failed_step is null then stopped.started_at end as started_at,
    case when stopped.failed_step is null then stopped.finished_at end as finished_at,
    case
        when stopped.failed_step is not null then 'skipped, because ' || stopped.failed_step || ' did not pass'
        when stopped.is_passed then null
        when stopped.result_status is null then 'not part of this invocation'
        when stopped.result_status = 'skipped' then reasons.reason
        else stopped.message
    end as message
from stopped
left join {{ ref('failure_reasons') }} as reasons on stopped.product = reasons.product
