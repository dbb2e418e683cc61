-- Outcome of each attempt of the present invocation, for the last lines of its log.
with seconds as (
    select
        product,
        sum(execution_time) as seconds
    from {{ source('invocation', 'run_results') }}
    group by product
),

warnings as (
    select
        run_id,
        count(*) as warnings
    from {{ source('operations', 'output_checks') }}
    where severity = 'warn' and outcome = 'failed'
    group by run_id
)

select
    attempts.product,
    attempts.as_of,
    attempts.status,
    attempts.reason,
    attempts.rows_scored,
    coalesce(seconds.seconds, 0) as seconds,
    coalesce(warnings.warnings, 0) as warnings
from {{ ref('run_attempts') }} as attempts
left join seconds on attempts.product = seconds.product
left join warnings on attempts.run_id = warnings.run_id
