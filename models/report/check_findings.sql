-- Checks of batches that failed. Of those that could not be evaluated only the newest batch's are news.
select
    checks.*, -- noqa: AM04
    batches.as_of,
    batches.newest
from {{ source('operations', 'output_checks') }} as checks
inner join {{ ref('slot_batches') }} as batches on checks.run_id = batches.run_id
where checks.outcome = 'failed' or (checks.outcome = 'not_evaluated' and batches.newest = 1)
