-- Predicted and observed outcomes by tenth of the scores.
with tenth_sums as (
    select
        run_id,
        model_version,
        compared_with,
        tenth,
        count(*) as customers,
        sum(score) as score,
        sum(outcome) as outcome
    from {{ product_ref('ranked_outcomes') }}
    group by run_id, model_version, compared_with, tenth
)

select
    run_id,
    model_version,
    compared_with,
    sum(abs(score - outcome)) as gap,
    {{ json_list_of({
        'predicted': 'round(cast(score as double) / customers, 6)',
        'observed': 'round(cast(outcome as double) / customers, 6)',
        'customers': 'customers'
    }, 'tenth') }} as calibration
from tenth_sums
group by run_id, model_version, compared_with
