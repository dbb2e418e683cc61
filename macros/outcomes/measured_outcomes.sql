{#- What came of a product's predictions: the scores beside the outcomes that followed. Sums are exact decimals
    and ranks whole numbers, so that no order of rows can change a figure; it is rounded to six decimals.
    Measured is a model over the customers whom `compared_with` scored too: the champion, compared with itself, over
    all of its customers; beside a challenger each of both over the same customers, so that the comparison is fair. -#}

{% macro measured_outcomes(product) -%}
{%- set contract = contract_of(product) -%}
{%- set runs = runs_to_measure(product) -%}
{%- set measured = 'run_id, model_version, compared_with' -%}
with predictions as (
    select * from {{ ref('predictions_' ~ product) }}
    where {{ is_of_runs(runs) }}
),

challengers as (
    select * from {{ ref('challenger_scores_' ~ product) }}
    where {{ is_of_runs(runs | selectattr('has_challengers') | list) }}
),

labels as (
    select
        as_of,
        customer_id,
        max(label) as outcome
    from {{ ref('training_' ~ product) }}
    where {{ is_as_of_runs(runs) }}
    group by as_of, customer_id
),

scores as (
    {{ scores_to_measure('predictions', 'challengers') }}
),

scored as (
    select
        {{ measured }},
        any_value(as_of) as as_of,
        count(*) as customers_scored
    from scores
    group by {{ measured }}
),

known as (
    select
        scores.*,
        cast(labels.outcome as decimal(18, 6)) as outcome
    from scores
    inner join labels
        on scores.as_of = labels.as_of and scores.customer_id = labels.customer_id
    where scores.score is not null and labels.outcome is not null
),

-- Twice the mean rank, which is whole also among equals.
ranked as (
    select
        *,
        row_number() over (partition by {{ measured }} order by score, customer_id) - 1 as place,
        ntile(10) over (partition by {{ measured }} order by score, customer_id) as tenth,
        2 * rank() over (partition by {{ measured }} order by score) - 1
        + count(*) over (partition by {{ measured }}, score) as score_rank,
        2 * rank() over (partition by {{ measured }} order by outcome) - 1
        + count(*) over (partition by {{ measured }}, outcome) as outcome_rank
    from known
),

tenths as (
    {{ outcomes_by_tenth(measured) }}
),

coverages as (
    {{ coverage_of_bounds(measured, contract.get('uncertainty', {}).get('group_size', 1)) }}
),

figures as (
    {{ outcome_figures(measured) }}
)

select
    scored.run_id,
    '{{ product }}' as product,
    scored.as_of,
    scored.model_version,
    scored.compared_with,
    scored.customers_scored,
    coalesce(figures.labels_known, 0) as labels_known,
    figures.mean_outcome,
    figures.mean_score,
    {%- for figure in ['auc', 'brier'] %}
    {{ 'figures.' ~ figure if contract.score_type == 'probability' else 'cast(null as double)' }} as {{ figure }},
    {%- endfor %}
    {%- for figure in ['mae', 'bias', 'spearman'] %}
    {{ 'figures.' ~ figure if contract.score_type == 'estimate' else 'cast(null as double)' }} as {{ figure }},
    {%- endfor %}
    tenths.calibration,
    round(cast(tenths.gap as double) / nullif(cast(figures.total_outcome as double), 0), 6) as calibration_gap,
    coverages.coverage,
    figures.interval_level
from scored
{%- for part in ['figures', 'tenths', 'coverages'] %}
left join {{ part }}
    on
        scored.run_id = {{ part }}.run_id
        and scored.model_version = {{ part }}.model_version
        and scored.compared_with = {{ part }}.compared_with
{%- endfor %}
{%- endmacro %}


{% macro scores_to_measure(predictions, challengers) -%}
    select
        run_id,
        model_version,
        model_version as compared_with,
        as_of,
        customer_id,
        cast(score as decimal(18, 6)) as score,
        cast(score_lower as decimal(18, 6)) as score_lower,
        cast(score_upper as decimal(18, 6)) as score_upper,
        interval_level
    from {{ predictions }}
    {%- for scorer, other in [('champion', 'challenger'), ('challenger', 'champion')] %}

    union all

    select
        run_id,
        {{ scorer }}_version as model_version,
        {{ other }}_version as compared_with,
        as_of,
        customer_id,
        {{ scorer }}_score as score,
        cast(null as decimal(18, 6)) as score_lower,
        cast(null as decimal(18, 6)) as score_upper,
        cast(null as double) as interval_level
    from (
        select
            champion.run_id,
            champion.as_of,
            champion.customer_id,
            champion.model_version as champion_version,
            challenger.model_version as challenger_version,
            {{ usable_score('champion.score') }} as champion_score,
            {{ usable_score('challenger.score') }} as challenger_score
        from {{ challengers }} as challenger
        inner join {{ predictions }} as champion
            on challenger.run_id = champion.run_id and challenger.customer_id = champion.customer_id
    ) as scored_by_both
    where champion_score is not null and challenger_score is not null
    {%- endfor %}
{%- endmacro %}
