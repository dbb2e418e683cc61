-- Seconds of the steps of each attempt. Steps that one node does together have one time, and one row.
select
    starts.product,
    starts.newest as attempt,
    starts.as_of,
    string_agg(steps.step, ' and ' order by steps.step_number) as steps,
    min(steps.step_number) as step_number,
    date_diff('millisecond', steps.started_at, steps.finished_at) / 1000 as seconds
from {{ source('operations', 'step_log') }} as steps
inner join {{ ref('run_starts') }} as starts
    on steps.run_id = starts.run_id and steps.invocation_id = starts.invocation_id
where steps.finished_at is not null
group by starts.product, starts.newest, starts.as_of, steps.started_at, steps.finished_at
