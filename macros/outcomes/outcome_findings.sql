{#- What the outcomes say against the contract. Always a warning: the run was published long ago, and what is
    to be decided now is whether to go on with its model. -#}

{% macro outcome_checks(product) -%}
{%- set contract = contract_of(product) -%}
{%- set fewest = check_setting(contract, 'minimum_customers') -%}
{%- set group_size = contract.get('uncertainty', {}).get('group_size', 1) -%}
with outcomes as (
    select
        *,
        coalesce(auc, spearman) as discrimination
    from {{ ref('outcomes_' ~ product) }}
    where compared_with = model_version
),

findings as (
    {{ finding(
        'outcomes', 'outcome_coverage', 'bounds', 'round(abs(coverage - interval_level), 6)',
        "'The bounds of ' || " ~ plain_date('as_of') ~ " || ' held ' || " ~ percent('coverage') ~ " || ' of the outcomes; they state '
        || " ~ percent('interval_level') ~ " || '.'",
        "case when interval_level is null then 'the model states no bounds' else " ~ too_few_outcomes(fewest * group_size) ~ " end"
    ) }}
    union all
    {{ finding(
        'outcomes', 'outcome_calibration', 'tenths of scores', 'calibration_gap',
        "'The scores of ' || " ~ plain_date('as_of') ~ " || ' foretold ' || " ~ plain_number('mean_score') ~ " || ' on average, and '
        || " ~ plain_number('mean_outcome') ~ " || ' came; tenth by tenth they lay '
        || " ~ percent('calibration_gap') ~ " || ' off.'",
        "case when calibration_gap is null then 'no customer had the outcome' else " ~ too_few_outcomes(fewest * 10) ~ " end"
    ) }}
    union all
    {{ finding(
        'outcomes', 'outcome_discrimination', 'auc' if contract.get('score_type') == 'probability' else 'spearman', 'discrimination',
        "'The scores of ' || " ~ plain_date('as_of') ~ " || ' ranked customers as the outcomes did to '
        || " ~ plain_number('discrimination') ~ " || ' (" ~ ('AUC, 0.5 is chance' if contract.get('score_type') == 'probability' else
        'rank correlation, 0 is chance') ~ ").'",
        "case when discrimination is null then 'all customers had the same outcome' else " ~ too_few_outcomes(fewest) ~ " end"
    ) }}
),

limits as (
    select * from {{ ref('check_limits') }}
    where product = '{{ product }}'
),

limited as (
    {{ limited_findings(only_warns=true) }}
)

select
    run_id,
    '{{ product }}' as product,
    check_name,
    scope,
    case when not_evaluated is null then value end as value,
    warn_limit as threshold,
    'warn' as severity,
    case
        when not_evaluated is not null then 'not_evaluated'
        when {{ is_beyond('warn_limit') }} then 'failed'
        else 'passed'
    end as outcome,
    case when not_evaluated is not null then 'Not evaluated: ' || not_evaluated || '.' else message end as message
from limited
{%- endmacro %}


{% macro too_few_outcomes(fewest) -%}
    case
        when labels_known < {{ fewest }}
            then 'the outcomes of ' || labels_known || ' customers are known, and of fewer than {{ fewest }} this differs by chance'
    end
{%- endmacro %}
