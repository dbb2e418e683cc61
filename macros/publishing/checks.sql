{% macro output_checks(product) -%}
{%- set contract = contract_of(product) if execute else {'valid_range': {}, 'checks': {'coverage': {}}} -%}
with runs as (
    select * from {{ ref('scoring_plan') }}
    where product = '{{ product }}' and is_due
),

eligible as (
    select
        runs.run_id,
        snapshots.customer_id
    from runs
    inner join {{ ref('feature_snapshots') }} as snapshots
        on
            runs.as_of = snapshots.as_of
            and runs.data_cutoff = snapshots.data_cutoff
            and runs.feature_version = snapshots.feature_version
    where {{ eligible_population(product) }}
),

compared as (
    select
        coalesce(eligible.run_id, candidates.run_id) as run_id,
        candidates.customer_id,
        candidates.score,
        candidates.label,
        eligible.customer_id is not null and candidates.customer_id is null as is_missing,
        eligible.customer_id is null as is_surplus
    from eligible
    full outer join {{ ref('candidates_' ~ product) }} as candidates
        on eligible.run_id = candidates.run_id and eligible.customer_id = candidates.customer_id
),

measured as (
    select
        runs.run_id,
        count(compared.customer_id) as scored,
        count(distinct compared.customer_id) as customers,
        count(*) filter (where compared.is_missing) as missing,
        count(*) filter (where compared.is_surplus) as surplus,
        count(*) filter (where compared.customer_id is not null and compared.score is null) as nulls,
        count(*) filter (where isnan(compared.score) or isinf(compared.score)) as not_finite,
        count(*) filter (
            where isfinite(compared.score)
            and compared.score not between {{ contract.valid_range.minimum }} and {{ contract.valid_range.maximum }}
        ) as out_of_range,
        count(*) filter (
            where compared.customer_id is not null
            and (compared.label is null or compared.label not in ({{ label_names(contract) }}))
        ) as unknown_labels
    from runs
    left join compared on runs.run_id = compared.run_id
    group by runs.run_id
),

findings as (
    {{ finding('population_not_empty', 'run', 'scored', 1, 'at least', "scored || ' customers were scored.'") }}
    union all
    {{ finding('score_not_null', 'score', 'nulls', 0, 'at most', "nulls || ' of ' || scored || ' scores are missing.'") }}
    union all
    {{ finding('score_finite', 'score', 'not_finite', 0, 'at most', "not_finite || ' of ' || scored || ' scores are not numbers or are infinite.'") }}
    union all
    {{ finding(
        'score_in_range', 'score', 'out_of_range', 0, 'at most',
        "out_of_range || ' of ' || scored || ' scores lie outside the valid range "
        ~ contract.valid_range.minimum ~ " to " ~ contract.valid_range.maximum ~ ".'"
    ) }}
    union all
    {{ finding('label_known', 'label', 'unknown_labels', 0, 'at most', "unknown_labels || ' of ' || scored || ' labels are not in the contract.'") }}
    union all
    {{ finding('customer_unique', 'customer_id', 'scored - customers', 0, 'at most', "scored - customers || ' customers were scored more than once.'") }}
    union all
    {{ finding('customer_eligible', 'customer_id', 'surplus', 0, 'at most', "surplus || ' customers were scored who are not in the eligible population of the snapshot.'") }}
    union all
    {{ finding(
        'coverage', 'customer_id', '(customers - surplus) / nullif(customers - surplus + missing, 0)',
        contract.checks.coverage.minimum, 'at least',
        "missing || ' of ' || customers - surplus + missing || ' eligible customers have no prediction.'"
    ) }}
)

select
    run_id,
    '{{ product }}' as product,
    check_name,
    scope,
    cast(value as double) as value,
    cast(threshold as double) as threshold,
    'block' as severity,
    case
        when value is null then 'failed'
        when direction = 'at most' and value <= threshold then 'passed'
        when direction = 'at least' and value >= threshold then 'passed'
        else 'failed'
    end as outcome,
    message
from findings
{%- endmacro %}


{% macro finding(check_name, scope, value, threshold, direction, message) -%}
    select
        run_id,
        '{{ check_name }}' as check_name,
        '{{ scope }}' as scope,
        cast({{ value }} as double) as value,
        cast({{ threshold }} as double) as threshold,
        '{{ direction }}' as direction,
        {{ message }} as message
    from measured
{%- endmacro %}


{% macro eligible_population(product) -%}
    {{ '(' ~ contract_of(product).eligible_population.condition ~ ')' if execute else 'true' }}
{%- endmacro %}


{% macro label_names(contract) -%}
    {%- for label in contract.get('labels', []) -%}
        {{ string_literal(label.name) }}{{ ', ' if not loop.last }}
    {%- else -%}
        null
    {%- endfor -%}
{%- endmacro %}
