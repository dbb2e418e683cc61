-- Scopes of each check that passed, warned, blocked or were not evaluated, by batch.
select
    run_id,
    product,
    as_of,
    newest,
    check_name,
    count(*) filter (where outcome = 'passed') as passed,
    count(*) filter (where outcome = 'failed' and severity = 'warn') as warned,
    count(*) filter (where outcome = 'failed' and severity = 'block') as blocked,
    count(*) filter (where outcome = 'not_evaluated') as not_evaluated
from {{ ref('batch_checks') }}
group by run_id, product, as_of, newest, check_name
