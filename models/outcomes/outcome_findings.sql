-- Outcomes against the contract, before any limit: bounds, calibration and discrimination; of segments what their names
-- claim.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set fewest = check_setting(contract, 'minimum_customers') -%}
{%- set group_size = contract.get('uncertainty', {}).get('group_size', 1) -%}
{%- set is_probability = contract.get('score_type') == 'probability' %}
{% if contract.get('score_type') == 'segment' %}
select * from {{ product_ref('claim_findings') }}
{%- else %}
with outcomes as (
    select
        *,
        coalesce(auc, spearman) as discrimination
    from {{ product_ref('outcomes') }}
    where compared_with = model_version
),

found as (
    select
        run_id,
        unnest([
            {
                'check_name': 'outcome_coverage', 'scope': 'bounds', 'value': round(abs(coverage - interval_level), 6),
                'not_evaluated': case
                    when interval_level is null then 'the model states no bounds'
                    else {{ too_few_outcomes(fewest * group_size) }}
                end,
                'message': 'The bounds of ' || {{ plain_date('as_of') }} || ' held ' || {{ percent('coverage') }}
                || ' of the outcomes; they state ' || {{ percent('interval_level') }} || '.'
            },
            {
                'check_name': 'outcome_calibration', 'scope': 'tenths of scores', 'value': calibration_gap,
                'not_evaluated': case
                    when calibration_gap is null then 'no customer had the outcome'
                    else {{ too_few_outcomes(fewest * 10) }}
                end,
                'message': 'The scores of ' || {{ plain_date('as_of') }} || ' foretold '
                || {{ plain_number('mean_score') }} || ' on average, and ' || {{ plain_number('mean_outcome') }}
                || ' came; tenth by tenth they lay ' || {{ percent('calibration_gap') }} || ' off.'
            },
            {
                'check_name': 'outcome_discrimination', 'scope': '{{ 'auc' if is_probability else 'spearman' }}',
                'value': discrimination,
                'not_evaluated': case
                    when discrimination is null then 'all customers had the same outcome'
                    else {{ too_few_outcomes(fewest) }}
                end,
                'message': 'The scores of ' || {{ plain_date('as_of') }} || ' ranked customers as the outcomes did to '
                || {{ plain_number('discrimination') }}
                || ' ({{ 'AUC, 0.5 is chance' if is_probability else 'rank correlation, 0 is chance' }}).'
            }
        ]) as finding
    from outcomes
)

select {{ finding_columns() }}
from found
{%- endif %}
