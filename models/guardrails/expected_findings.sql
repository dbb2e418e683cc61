-- What a run's probabilities expect of themselves, before any limit: months before outcomes can tell. Other scores state
-- no chance of the outcome, and have no such finding.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set is_probability = contract.get('score_type') == 'probability' %}

with runs as (
    select
        statistics.run_id,
        statistics.model_version,
        figures.expected,
        figures.expected_lower,
        figures.expected_upper
    from {{ product_ref('statistics') }} as statistics
    left join {{ product_ref('expected_performance') }} as figures
        on statistics.run_id = figures.run_id and figures.metric = 'auc'
    where {{ 'true' if is_probability else 'false' }}
),

found as (
    select
        run_id,
        {
            'check_name': 'expected_discrimination', 'scope': 'auc', 'value': expected,
            'not_evaluated': case
                when expected is null
                    then 'the model ' || model_version || ' states no bounds, or every customer has the same outcome for certain'
            end,
            'message': 'By their own account the scores rank customers as the outcomes will to '
            || {{ plain_number('expected') }} || ' (' || {{ plain_number('expected_lower') }} || ' to '
            || {{ plain_number('expected_upper') }} || '; AUC, 0.5 is chance).'
        } as finding
    from runs
)

select {{ finding_columns() }}
from found
