-- The population stability index of the scores, by batch and what they are compared with.
select * -- noqa: AM04
from {{ ref('batch_checks') }}
where check_name = 'score_psi'
