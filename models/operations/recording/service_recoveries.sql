-- Runs that consumers were served, and whether each was published by the deadline of its slot.
with ledger as (
    select * from {{ source('operations', 'run_ledger') }}
),

contracts as (
    select * from {{ ref('prediction_contracts') }}
)

select
    ledger.product,
    ledger.as_of,
    ledger.entry,
    ledger.recorded_at <= {{ deadline('ledger.as_of', 'contracts.deadline_hours') }} as is_in_time
from ledger
inner join contracts on ledger.product = contracts.product
where ledger.status in ('published', 'released')
