-- Share of outcomes within their bounds, as python_scoring/uncertainty/coverage.py measures it: over whole groups from
-- the lowest score up.
{%- set group_size = contract_of(product_at_hand()).get('uncertainty', {}).get('group_size', 1) %}

with score_groups as (
    select
        run_id,
        model_version,
        compared_with,
        sum(outcome) as outcome,
        sum(score_lower) as score_lower,
        sum(score_upper) as score_upper
    from {{ product_ref('ranked_outcomes') }}
    where score_lower is not null and score_upper is not null
    group by run_id, model_version, compared_with, {{ whole_quotient('place', group_size) }}
    having count(*) = {{ group_size }}
)

select
    run_id,
    model_version,
    compared_with,
    round(cast(count_if(outcome between score_lower and score_upper) as double) / count(*), 6) as coverage
from score_groups
group by run_id, model_version, compared_with
