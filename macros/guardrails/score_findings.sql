{#- Scores: are they distributed as in the former batch, and as in the training of the model? -#}

{% macro score_findings(product) -%}
{%- set contract = contract_of(product) -%}
{%- set no_reference = why_no_reference(contract, 'reference_mean') -%}
{%- set no_spread = "case when base_spread is null then 'the scores to compare with do not differ from each other' end" -%}
with statistics as (
    select * from {{ ref('statistics_' ~ product) }}
),

model_references as (
    select * from {{ ref('references_' ~ product) }}
    where kind = 'score'
),

shares as (
    {{ shares_of_runs(product, 'score', 'bin') }}
),

grid as (
    select
        statistics.run_id,
        statistics.former_run_id,
        statistics.former_model_version = statistics.model_version as is_same_model,
        model_references.bin,
        model_references.tenth,
        model_references.share as reference_share
    from statistics
    inner join model_references on statistics.model_version = model_references.model_version
),

compared as (
    select
        grid.run_id,
        bases.scope,
        'score' as subject,
        grid.bin,
        grid.tenth,
        {{ exact_share('shares.share') }} as share,
        {{ exact_share("case when bases.scope = 'former batch' then former_shares.share else grid.reference_share end") }} as base_share
    from grid
    cross join (select 'training reference' as scope union all select 'former batch' as scope) as bases
    left join shares on grid.run_id = shares.run_id and grid.bin = shares.bin
    left join shares as former_shares on grid.former_run_id = former_shares.run_id and grid.bin = former_shares.bin
    where bases.scope = 'training reference' or grid.is_same_model
),

score_distances as (
    {{ distances('compared') }}
),

run_scores as (
    select
        statistics.*,
        reference_scores.reference_mean,
        reference_scores.reference_p10,
        reference_scores.reference_p50,
        reference_scores.reference_p90
    from statistics
    left join (
        select
            model_version,
            max(mean) as reference_mean,
            max(p10) as reference_p10,
            max(p50) as reference_p50,
            max(p90) as reference_p90
        from model_references
        group by model_version
    ) as reference_scores on statistics.model_version = reference_scores.model_version
),

based as (
    select
        *,
        'training reference' as scope,
        'in training' as in_base,
        {{ no_reference }} as not_evaluated,
        reference_mean as base_mean,
        reference_p10 as base_p10,
        reference_p50 as base_p50,
        reference_p90 as base_p90
    from run_scores

    union all

    select
        *,
        'former batch' as scope,
        'in the former batch' as in_base,
        coalesce({{ missing_baseline_reason(contract, same_model=true) }}, {{ no_reference }}) as not_evaluated,
        former_mean as base_mean,
        former_p10 as base_p10,
        former_p50 as base_p50,
        former_p90 as base_p90
    from run_scores
),

scored as (
    select
        based.*,
        score_distances.psi,
        score_distances.jensen_shannon,
        score_distances.kolmogorov_smirnov,
        nullif(based.base_p90 - based.base_p10, 0) as base_spread
    from based
    left join score_distances on based.run_id = score_distances.run_id and based.scope = score_distances.scope
)

{% for check_name, measure, name in [
    ('score_psi', 'psi', 'population stability index'),
    ('score_jensen_shannon', 'jensen_shannon', 'Jensen-Shannon distance'),
    ('score_kolmogorov_smirnov', 'kolmogorov_smirnov', 'Kolmogorov-Smirnov distance')
] -%}
{{ finding(
    'scored', check_name, 'scored.scope', measure,
    "'The " ~ name ~ " between the scores now and ' || in_base || ' is ' || " ~ plain_number(measure, 3) ~ " || ' (0 means the same distribution).'",
    'scored.not_evaluated'
) }}
union all
{% endfor -%}
{{ finding(
    'scored', 'score_mean_shift', 'scored.scope', 'abs(mean_score - base_mean) / base_spread',
    "'The mean score is ' || " ~ plain_number('mean_score', 3) ~ " || ', and ' || in_base || ' it was ' || "
    ~ plain_number('base_mean', 3) ~ " || '.'",
    'coalesce(scored.not_evaluated, ' ~ no_spread ~ ')'
) }}
union all
{{ finding(
    'scored', 'score_quantile_shift', 'scored.scope',
    'greatest(abs(score_p10 - base_p10), abs(score_p50 - base_p50), abs(score_p90 - base_p90)) / base_spread',
    "'One customer in ten scores up to ' || " ~ plain_number('score_p10', 3) ~ " || ', half up to ' || "
    ~ plain_number('score_p50', 3) ~ " || ', nine in ten up to ' || " ~ plain_number('score_p90', 3)
    ~ " || '; ' || in_base || ' it was ' || " ~ plain_number('base_p10', 3) ~ " || ', ' || "
    ~ plain_number('base_p50', 3) ~ " || ' and ' || " ~ plain_number('base_p90', 3) ~ " || '.'",
    'coalesce(scored.not_evaluated, ' ~ no_spread ~ ')'
) }}
union all
{{ finding(
    'scored', 'score_spread', 'scored.scope', '(score_p90 - score_p10) / base_spread',
    "case when score_p90 = score_p10 then 'At least eight in ten customers have the same score, ' || "
    ~ plain_number('score_p50', 3) ~ " else 'Eight in ten scores lie within a range of ' || "
    ~ plain_number('score_p90 - score_p10', 3) ~ " end || '; ' || in_base || ' the range was ' || "
    ~ plain_number('base_spread', 3) ~ " || '.'",
    'coalesce(scored.not_evaluated, ' ~ no_spread ~ ')'
) }}
{%- endmacro %}


{% macro shares_of_runs(product, kind, bucket) -%}
    select
        run_id,
        {{ bucket }},
        cast(customers as double) / sum(customers) over (partition by run_id) as share
    from (
        select run_id, kind, {{ bucket }}, customers from {{ ref('distributions_' ~ product) }}
        union all
        select run_id, kind, {{ bucket }}, customers from {{ source('operations', 'output_distributions') }}
        where
            product = '{{ product }}'
            and run_id in (select statistics.former_run_id from statistics)
            and run_id not in (select built.run_id from {{ ref('distributions_' ~ product) }} as built)
    ) as counts
    where kind = '{{ kind }}' and {{ bucket }} is not null
{%- endmacro %}


{% macro exact_share(share) -%}
    cast(coalesce({{ share }}, 0) as decimal(18, 12))
{%- endmacro %}
