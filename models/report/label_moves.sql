-- Customers by the label before and after, of each product's newest batch.
select
    moves.run_id,
    moves.product,
    moves.former_run_id,
    moves.label_before,
    moves.label_after,
    cast(sum(moves.customers) as bigint) as customers
from {{ source('operations', 'label_migrations') }} as moves
inner join {{ ref('slot_batches') }} as batches on moves.run_id = batches.run_id and batches.newest = 1
group by moves.run_id, moves.product, moves.former_run_id, moves.label_before, moves.label_after
