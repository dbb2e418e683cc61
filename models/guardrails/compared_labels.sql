-- Share of each label, next to the former batch or, without one, to the training. One row per run and label.
{%- set contract = contract_of(product_at_hand()) %}

with statistics as (
    select
        *,
        {{ missing_baseline_reason(contract, same_model=true) }} as no_former_batch
    from {{ product_ref('statistics') }}
),

model_references as (
    select
        model_version as reference_version,
        category,
        share,
        customers
    from {{ product_ref('training_references') }}
    where kind = 'label'
),

referenced as (
    select
        reference_version,
        max(customers) as customers
    from model_references
    group by reference_version
),

labels as (
    select unnest([{{ label_names(contract) }}]) as label
)

select
    statistics.run_id,
    statistics.customers_scored,
    statistics.no_former_batch,
    labels.label,
    coalesce(present_shares.share, 0) as share,
    coalesce(
        case when statistics.no_former_batch is null then former_shares.share else model_references.share end, 0
    ) as base_share,
    case
        when statistics.no_former_batch is null then statistics.former_customers else referenced.customers
    end as base_customers,
    case when statistics.no_former_batch is null then 'in the former batch' else 'in training' end as in_base,
    {{ missing_reference_reason(contract, 'referenced.reference_version') }} as no_reference
from statistics
cross join labels
left join referenced on statistics.model_version = referenced.reference_version
left join {{ product_ref('run_shares') }} as present_shares
    on statistics.run_id = present_shares.run_id and labels.label = present_shares.category
left join {{ product_ref('run_shares') }} as former_shares
    on statistics.former_run_id = former_shares.run_id and labels.label = former_shares.category
left join model_references
    on statistics.model_version = model_references.reference_version and labels.label = model_references.category
