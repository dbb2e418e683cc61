-- The population stability index of the scores, by batch and what they are compared with.
select
    checks.*, -- noqa: AM04
    batches.as_of,
    batches.newest
from {{ source('operations', 'output_checks') }} as checks
inner join {{ ref('slot_batches') }} as batches on checks.run_id = batches.run_id
where checks.check_name = 'score_psi'
