{#- Changes: customer by customer, is this batch consistent with the former one? -#}

{% macro change_findings(product) -%}
{%- set contract = contract_of(product) -%}
{%- set nobody_stayed = "case when stayed is null then 'no customer was in the former batch' end" -%}
with statistics as (
    select
        *,
        {{ missing_baseline_reason(contract) }} as no_former_batch,
        {{ missing_baseline_reason(contract, same_model=true) }} as no_former_scores
    from {{ ref('statistics_' ~ product) }}
),

transitions as (
    select * from {{ ref('transitions_' ~ product) }}
    where membership = 'stayed'
),

counted as (
    select
        run_id,
        cast(sum(customers) as bigint) as stayed,
        cast(sum(case when is_jump then customers else 0 end) as bigint) as jumps,
        cast(sum(case when is_unchanged then customers else 0 end) as bigint) as unchanged,
        cast(sum(case when label_before is distinct from label_after then customers else 0 end) as bigint) as relabelled,
        {{ rank_correlation(
            'case when tenth_after is not null then tenth_before end',
            'case when tenth_before is not null then tenth_after end',
            'case when tenth_before is not null and tenth_after is not null then customers end'
        ) }} as rank_correlation
    from transitions
    group by run_id
),

changes as (
    select
        statistics.*,
        counted.stayed,
        counted.jumps,
        counted.unchanged,
        counted.relabelled,
        counted.rank_correlation
    from statistics
    left join counted on statistics.run_id = counted.run_id
)

{{ finding(
    'changes', 'rank_agreement', 'former batch', 'rank_correlation',
    "'Customers who were in the former batch are ranked ' || case when rank_correlation < 0 then 'the other way round'
    when rank_correlation < 0.7 then 'differently' else 'much as before' end || ' (rank correlation '
    || " ~ plain_number('rank_correlation', 3) ~ " || ').'",
    "coalesce(no_former_batch, " ~ nobody_stayed ~ ", case when rank_correlation is null
    then 'the scores do not differ from each other, or the model has no training reference to rank them by' end)"
) }}
union all
{{ finding(
    'changes', 'scores_unchanged', 'former batch', 'unchanged / cast(stayed as double)',
    "unchanged || ' of ' || stayed || ' customers who were in the former batch have the very same score.'",
    'coalesce(no_former_scores, ' ~ nobody_stayed ~ ')'
) }}
union all
{{ finding(
    'changes', 'score_jumps', 'former batch', 'jumps / cast(stayed as double)',
    "jumps || ' of ' || stayed || ' customers moved by more than " ~ check_setting(contract, 'score_jump')
    ~ " since the former batch; lake.operations.score_jumps lists them.'",
    'coalesce(no_former_scores, ' ~ nobody_stayed ~ ')'
) }}
union all
{{ finding(
    'changes', 'labels_changed', 'former batch', 'relabelled / cast(stayed as double)',
    "relabelled || ' of ' || stayed || ' customers have another label than in the former batch.'",
    'coalesce(no_former_scores, ' ~ nobody_stayed ~ ')'
) }}
{%- endmacro %}
