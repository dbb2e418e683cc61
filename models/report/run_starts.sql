-- Attempts at runs, the newest of each product first.
select
    run_id,
    invocation_id,
    any_value(product) as product,
    any_value(as_of) as as_of,
    row_number() over (partition by any_value(product) order by min(entry) desc) as newest
from {{ source('operations', 'run_ledger') }}
where status = 'started'
group by run_id, invocation_id
