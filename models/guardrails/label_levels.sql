-- Share of each label in each batch of a trend. A label that no customer has counts too.
{%- set contract = contract_of(product_at_hand()) %}

with labels as (
    select unnest([{{ label_names(contract) }}]) as label
)

select
    batches.run_id,
    batches.as_of,
    labels.label,
    coalesce(sum(counted.customers) filter (where counted.category = labels.label), 0) as of_label,
    sum(counted.customers) as customers
from {{ product_ref('trend_batches') }} as batches
cross join labels
inner join {{ product_ref('recorded_counts') }} as counted on batches.batch_run_id = counted.run_id
where counted.kind = 'label'
group by batches.run_id, batches.as_of, labels.label
