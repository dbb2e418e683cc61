-- Batches of a product in their order: its served runs, and those of this build, which are the newest of their slots.
-- Of a slot that was published more than once the newest counts.
{%- set product = contract_of(product_at_hand()).product %}

select
    run_id,
    as_of,
    model_version,
    serving_entry as in_order
from {{ ref('run_states') }}
where product = '{{ product }}' and is_served

union all

select
    run_id,
    as_of,
    model_version,
    1000000000000 as in_order
from {{ ref('due_runs') }}
where product = '{{ product }}'
