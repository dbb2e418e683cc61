-- Each challenger's newest run with known outcomes, next to its champion's.
select * -- noqa: AM04
from {{ ref('challenger_comparison') }}
where labels_known > 0
qualify row_number() over (
    partition by product, challenger_version
    order by as_of desc, outcomes_measured_at desc, run_id asc
) = 1
