-- What chance alone makes of each figure of a run whose scores are true, once in fifty: a finding lies farther off.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set group_size = contract.get('uncertainty', {}).get('group_size', 1) -%}
{#- Of normal deviates one in fifty lies above the first, or farther from zero than the second. -#}
{%- set z, z_of_both_sides = 2.054, 2.326 %}

with measured as (
    select
        *,
        round(mean_outcome * labels_known) as positives,
        labels_known - round(mean_outcome * labels_known) as negatives
    from {{ product_ref('outcomes') }}
    where compared_with = model_version
)

select
    run_id,
    'outcome_coverage' as check_name,
    {{ z_of_both_sides }} * sqrt(
        interval_level * (1 - interval_level) / nullif({{ whole_quotient('labels_known', group_size) }}, 0)
    ) as margin
from measured

union all

select
    run_id,
    'outcome_calibration' as check_name,
    calibration_margin as margin
from measured

union all

-- Hanley and McNeil, Radiology 143, 1982; of a rank correlation Bonett and Wright, Psychometrika 65, 2000.
select
    run_id,
    'outcome_discrimination' as check_name,
    {{ z }} * sqrt(
        case
            when auc is not null
                then greatest(
                    auc * (1 - auc)
                    + (positives - 1) * (auc / (2 - auc) - auc * auc)
                    + (negatives - 1) * (2 * auc * auc / (1 + auc) - auc * auc), 0
                ) / nullif(positives * negatives, 0)
            else (1 + spearman * spearman / 2) / nullif(greatest(labels_known - 3, 0), 0)
        end
    ) as margin
from measured
