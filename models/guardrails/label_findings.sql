-- Labels: how many customers have each, against the former batch or, without one, the training.
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
        share
    from {{ product_ref('training_references') }}
    where kind = 'label'
),

referenced as (
    select distinct reference_version from model_references
),

labels as (
    select unnest([{{ label_names(contract) }}]) as label
),

compared as (
    select
        statistics.*,
        labels.label,
        coalesce(present_shares.share, 0) as share,
        coalesce(
            case when statistics.no_former_batch is null then former_shares.share else model_references.share end, 0
        ) as base_share,
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
),

found as (
    select
        run_id,
        unnest([
            {
                'check_name': 'label_share', 'scope': label, 'value': abs(share - base_share),
                'not_evaluated': case when no_former_batch is not null then no_reference end,
                'message': {{ percent('share') }} || ' of the customers are ' || label || ', and ' || in_base || ' '
                || {{ percent('base_share') }} || ' were.'
            },
            {
                'check_name': 'label_present', 'scope': label, 'value': share * customers_scored,
                'not_evaluated': case
                    when base_share * customers_scored < 5
                        then 'so few customers were ' || label || ' ' || in_base || ' that none may be by chance'
                end,
                'message': case
                    when share = 0
                        then
                            'No customer is ' || label || ', and ' || in_base || ' '
                            || {{ percent('base_share') }} || ' were.'
                    else {{ percent('share') }} || ' of the customers are ' || label || '.'
                end
            }
        ]) as finding
    from compared
)

select {{ finding_columns() }}
from found
