-- Customers by label, of each batch.
select
    distributions.run_id,
    distributions.category as label,
    batches.as_of,
    batches.newest,
    cast(sum(distributions.customers) as bigint) as customers
from {{ source('operations', 'output_distributions') }} as distributions
inner join {{ ref('slot_batches') }} as batches on distributions.run_id = batches.run_id
where distributions.kind = 'label'
group by distributions.run_id, distributions.category, batches.as_of, batches.newest
