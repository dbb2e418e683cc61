-- Runs that the gate has judged and that have no outcome in the ledger yet: what makes every record safe to repeat.
with finished as (
    select run_id from {{ source('operations', 'run_ledger') }}
    where status in ('published', 'quarantined')
)

select gate.* -- noqa: AM04
from {{ product_ref('gate') }} as gate
anti join finished on gate.run_id = finished.run_id
