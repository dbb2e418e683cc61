-- Every run, with the period in which it was what consumers were served: from its publication to that of the next run.
{{ config(materialized='ephemeral') }}
select
    run_states.run_id,
    run_states.product,
    run_states.status,
    ledger.recorded_at as served_from,
    lead(ledger.recorded_at) over (
        partition by run_states.product
        order by run_states.serving_entry
    ) as served_until
from {{ ref('run_states') }} as run_states
left join {{ source('operations', 'run_ledger') }} as ledger
    on run_states.serving_entry = ledger.entry and ledger.status in ('published', 'released')
