-- What a run's probabilities expect of themselves, before any limit and a horizon before outcomes tell.
{%- set score_type = contract_of(product_at_hand()).get('score_type') %}

with estimated as (
    select
        runs.run_id,
        runs.model_version,
        figures.expected,
        figures.expected_lower,
        figures.expected_upper
    from {{ product_ref('statistics') }} as runs
    left join {{ product_ref('expected_performance') }} as figures
        on runs.run_id = figures.run_id and figures.metric = 'auc'
),

found as (
    select
        run_id,
        {
            'check_name': 'expected_discrimination', 'scope': 'auc', 'value': expected,
            'not_evaluated': case
                {%- if score_type != 'probability' %}
                when true then 'the score is no probability, and does not say how often the outcome will come'
                {%- endif %}
                when expected is null
                    then 'the model ' || model_version || ' states no bounds, or all outcomes are certain'
            end,
            'message': 'By their own account the scores rank customers as the outcomes will to '
            || {{ plain_number('expected') }} || ' (' || {{ plain_number('expected_lower') }} || ' to '
            || {{ plain_number('expected_upper') }} || '; AUC, 0.5 is chance).'
        } as finding
    from estimated
)

select {{ finding_columns() }}
from found
