-- Scores whose outcome is known, ranked among those of the same run and comparison.
{%- set runs = runs_to_measure(contract_of(product_at_hand()).product) -%}
{%- set measured = 'run_id, model_version, compared_with' %}

with labels as (
    select
        as_of,
        customer_id,
        max(label) as outcome
    from {{ product_source('training') }}
    where {{ is_as_of_runs(runs) }}
    group by as_of, customer_id
),

known as (
    select
        scores.*,
        cast(labels.outcome as decimal(18, 6)) as outcome
    from {{ product_ref('outcome_scores_to_measure') }} as scores
    inner join labels
        on scores.as_of = labels.as_of and scores.customer_id = labels.customer_id
    where scores.score is not null and labels.outcome is not null
)

-- Twice the mean rank, which is whole also among equals.
select
    run_id,
    model_version,
    compared_with,
    as_of,
    label,
    score,
    score_lower,
    score_upper,
    interval_level,
    outcome,
    row_number() over (partition by {{ measured }} order by score, customer_id) - 1 as place,
    ntile(10) over (partition by {{ measured }} order by score, customer_id) as tenth,
    2 * rank() over (partition by {{ measured }} order by score) - 1
    + count(*) over (partition by {{ measured }}, score) as score_rank,
    2 * rank() over (partition by {{ measured }} order by outcome) - 1
    + count(*) over (partition by {{ measured }}, outcome) as outcome_rank
from known
