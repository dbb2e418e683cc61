-- Checks of batches that failed. Of those that could not be evaluated only the newest batch's are news.
select * -- noqa: AM04
from {{ ref('batch_checks') }}
where outcome = 'failed' or (outcome = 'not_evaluated' and newest = 1)
