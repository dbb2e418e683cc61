-- Scores of each run, and what they are compared with: the training, and the former batch. One row per run and scope.
{%- set contract = contract_of(product_at_hand()) %}

with statistics as (
    select * from {{ product_ref('statistics') }}
),

reference_scores as (
    select
        model_version as reference_version,
        max(mean) as reference_mean,
        max(p10) as reference_p10,
        max(p50) as reference_p50,
        max(p90) as reference_p90
    from {{ product_ref('training_references') }}
    where kind = 'score'
    group by model_version
),

run_scores as (
    select
        statistics.*,
        reference_scores.reference_mean,
        reference_scores.reference_p10,
        reference_scores.reference_p50,
        reference_scores.reference_p90,
        {{ missing_reference_reason(contract, 'reference_mean') }} as no_reference,
        {{ missing_baseline_reason(contract, same_model=true) }} as no_former_batch
    from statistics
    left join reference_scores on statistics.model_version = reference_scores.reference_version
),

based as (
    select
        *,
        'training reference' as scope,
        'in training' as in_base,
        no_reference as not_evaluated,
        reference_mean as base_mean,
        reference_p10 as base_p10,
        reference_p50 as base_p50,
        reference_p90 as base_p90
    from run_scores

    union all

    select
        *,
        'former batch' as scope,
        'in the former batch' as in_base,
        coalesce(no_former_batch, no_reference) as not_evaluated,
        former_mean as base_mean,
        former_p10 as base_p10,
        former_p50 as base_p50,
        former_p90 as base_p90
    from run_scores
)

select
    {%- for column in [
        'run_id', 'scope', 'in_base', 'not_evaluated', 'mean_score', 'score_p10', 'score_p50', 'score_p90', 'base_mean',
        'base_p10', 'base_p50', 'base_p90'
    ] %}
    {{ column }},
    {%- endfor %}
    nullif(base_p90 - base_p10, 0) as base_spread,
    coalesce(not_evaluated, case
        when nullif(base_p90 - base_p10, 0) is null then 'the scores to compare with do not differ from each other'
    end) as no_spread
from based
