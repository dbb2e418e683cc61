-- Scopes of each check that passed, warned, blocked or were not evaluated, by batch.
select
    checks.run_id,
    batches.product,
    batches.as_of,
    batches.newest,
    checks.check_name,
    count(*) filter (where checks.outcome = 'passed') as passed,
    count(*) filter (where checks.outcome = 'failed' and checks.severity = 'warn') as warned,
    count(*) filter (where checks.outcome = 'failed' and checks.severity = 'block') as blocked,
    count(*) filter (where checks.outcome = 'not_evaluated') as not_evaluated
from {{ source('operations', 'output_checks') }} as checks
inner join {{ ref('slot_batches') }} as batches on checks.run_id = batches.run_id
group by checks.run_id, batches.product, batches.as_of, batches.newest, checks.check_name
