-- Customers of each run by membership and by label before and after.
select
    transitions.run_id,
    runs.product,
    runs.former_run_id,
    transitions.membership,
    transitions.label_before,
    transitions.label_after,
    sum(transitions.customers) as customers
from {{ product_ref('transitions') }} as transitions
inner join {{ product_ref('unrecorded_runs') }} as runs on transitions.run_id = runs.run_id
group by
    transitions.run_id, runs.product, runs.former_run_id, transitions.membership, transitions.label_before,
    transitions.label_after
