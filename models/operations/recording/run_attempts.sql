-- Runs that the present invocation started, each with the newest ledger entry that the invocation made.
with invocation as (
    select any_value(invocation_id) as invocation_id
    from {{ source('invocation', 'run_results') }}
)

select ledger.* -- noqa: AM04
from {{ source('operations', 'run_ledger') }} as ledger
inner join invocation on ledger.invocation_id = invocation.invocation_id
qualify row_number() over (partition by ledger.run_id order by ledger.entry desc) = 1
