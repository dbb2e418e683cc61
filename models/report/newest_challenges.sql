-- Challengers of each product's newest run that had any.
select * -- noqa: AM04
from {{ ref('challenger_comparison') }}
qualify as_of = max(as_of) over (partition by product)
