-- Checks of the measured batches, with the slot and the number of their batch.
select
    checks.*, -- noqa: AM04
    batches.as_of,
    batches.newest
from {{ source('operations', 'output_checks') }} as checks
inner join {{ ref('slot_batches') }} as batches on checks.run_id = batches.run_id
