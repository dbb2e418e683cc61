-- Predicted and observed outcomes by tenth of the scores, and what chance alone makes of their gap: once in fifty more
-- than `chance_gap`, where the scores are true. Each tenth's sum scatters by the variance of its customers, of a
-- probability p(1 - p); absolute values of normal deviates have mean sqrt(2/pi) and variance 1 - 2/pi.
{%- set variance = "cast(sum(cast(score * (1 - score) as decimal(18, 12))) as double)"
    if contract_of(product_at_hand()).get('score_type') == 'probability'
    else "greatest(cast(sum(cast(power(cast(outcome as double), 2) as decimal(38, 12))) as double)"
    ~ " - power(cast(sum(outcome) as double), 2) / count(*), 0)" %}

with tenth_sums as (
    select
        run_id,
        model_version,
        compared_with,
        tenth,
        count(*) as customers,
        sum(score) as score,
        sum(outcome) as outcome,
        {{ variance }} as variance
    from {{ product_ref('ranked_outcomes') }}
    group by run_id, model_version, compared_with, tenth
)

select
    run_id,
    model_version,
    compared_with,
    sum(abs(score - outcome)) as gap,
    cast(
        sqrt(2 / pi()) * sum(cast(sqrt(variance) as decimal(28, 9)))
        + 2.054 * sqrt((1 - 2 / pi()) * sum(cast(variance as decimal(38, 9)))) as double
    ) as chance_gap,
    {{ json_list_of({
        'predicted': 'round(cast(score as double) / customers, 6)',
        'observed': 'round(cast(outcome as double) / customers, 6)',
        'customers': 'customers'
    }, 'tenth') }} as calibration
from tenth_sums
group by run_id, model_version, compared_with
