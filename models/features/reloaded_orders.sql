-- The orders that were loaded more than once: a few per cent. Only they need the costly search for
-- the version that counts, which is why this is a table.
{{ config(materialized='table') }}

select order_id
from {{ ref('stg_orders') }}
where {{ only_when_needed() }}
group by order_id
having count(*) > 1
