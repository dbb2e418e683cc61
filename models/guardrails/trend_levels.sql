-- Levels of the batches of a trend: mean score, share of each label, and mean place of each feature among the customers
-- of the training (0 lowest, 1 highest). `spread` is the standard deviation of one customer, `drift` what is found.
{%- set contract = contract_of(product_at_hand()) %}

with batches as (
    select * from {{ product_ref('trend_batches') }}
),

scores as (
    select
        run_id,
        customers_scored,
        mean_score,
        score_p90 - score_p10 as middle_range
    from {{ product_ref('statistics') }}

    union all

    select
        run_id,
        customers_scored,
        mean_score,
        score_p90 - score_p10 as middle_range
    from {{ source('operations', 'output_statistics') }}
    where product = '{{ contract.product }}'
)

select
    batches.run_id,
    batches.as_of,
    'score_trend' as check_name,
    'mean score' as scope,
    scores.mean_score as batch_level,
    scores.customers_scored as customers,
    -- Eight tenths of a normal distribution lie within 2.563 standard deviations.
    scores.middle_range / 2.563 as spread,
    {{ check_setting(contract, 'trend_of_scores') }} * scores.middle_range as drift
from batches
inner join scores on batches.batch_run_id = scores.run_id

union all

select
    run_id,
    as_of,
    'label_trend' as check_name,
    label as scope,
    cast(of_label as double) / customers as batch_level,
    customers,
    sqrt(cast(of_label * (customers - of_label) as double)) / customers as spread,
    {{ check_setting(contract, 'trend_of_labels') }} as drift
from {{ product_ref('label_levels') }}

union all

select
    run_id,
    as_of,
    'feature_trend' as check_name,
    feature as scope,
    mean_place as batch_level,
    customers,
    sqrt(1.0 / 12) as spread,
    {{ check_setting(contract, 'trend_of_features') }} as drift
from {{ product_ref('feature_levels') }}
