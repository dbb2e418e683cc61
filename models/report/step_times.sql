-- Seconds of the steps of each attempt. Steps that one node does together have one time, and one row.
select
    attempts.product,
    attempts.newest as attempt,
    attempts.as_of,
    string_agg(log.step, ' and ' order by log.step_number) as steps,
    min(log.step_number) as step_number,
    date_diff('millisecond', log.started_at, log.finished_at) / 1000 as seconds
from {{ source('operations', 'step_log') }} as log
inner join {{ ref('run_starts') }} as attempts
    on log.run_id = attempts.run_id and log.invocation_id = attempts.invocation_id
where log.finished_at is not null
group by attempts.product, attempts.newest, attempts.as_of, log.started_at, log.finished_at
