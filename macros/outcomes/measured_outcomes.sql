{#- What came of a product's predictions: the scores beside the outcomes that followed. Sums are exact decimals
    and ranks whole numbers, so that no order of rows can change a figure; it is rounded to six decimals. -#}

{% macro measured_outcomes(product) -%}
{%- set contract = contract_of(product) -%}
{%- set runs = runs_to_measure(product) -%}
with predictions as (
    select * from {{ ref('predictions_' ~ product) }}
    where {{ is_of_runs(runs) }}
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

scored as (
    select
        run_id,
        any_value(as_of) as as_of,
        any_value(model_version) as model_version,
        count(*) as customers_scored
    from predictions
    group by run_id
),

known as (
    select
        predictions.run_id,
        predictions.customer_id,
        predictions.interval_level,
        cast(predictions.score as decimal(18, 6)) as score,
        cast(predictions.score_lower as decimal(18, 6)) as score_lower,
        cast(predictions.score_upper as decimal(18, 6)) as score_upper,
        cast(labels.outcome as decimal(18, 6)) as outcome
    from predictions
    inner join labels
        on predictions.as_of = labels.as_of and predictions.customer_id = labels.customer_id
    where predictions.score is not null and labels.outcome is not null
),

-- Twice the mean rank, which is whole also among equals.
ranked as (
    select
        *,
        row_number() over (partition by run_id order by score, customer_id) - 1 as place,
        ntile(10) over (partition by run_id order by score, customer_id) as tenth,
        2 * rank() over (partition by run_id order by score) - 1
        + count(*) over (partition by run_id, score) as score_rank,
        2 * rank() over (partition by run_id order by outcome) - 1
        + count(*) over (partition by run_id, outcome) as outcome_rank
    from known
),

tenths as (
    {{ outcomes_by_tenth() }}
),

coverages as (
    {{ coverage_of_bounds(contract.get('uncertainty', {}).get('group_size', 1)) }}
),

figures as (
    {{ outcome_figures() }}
)

select
    scored.run_id,
    '{{ product }}' as product,
    scored.as_of,
    scored.model_version,
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
left join figures on scored.run_id = figures.run_id
left join tenths on scored.run_id = tenths.run_id
left join coverages on scored.run_id = coverages.run_id
{%- endmacro %}


{% macro outcome_figures() -%}
    select
        run_id,
        labels_known,
        interval_level,
        total_outcome,
        round(total_outcome / labels_known, 6) as mean_outcome,
        round(total_score / labels_known, 6) as mean_score,
        round(
            (positive_ranks / 2.0 - positives * (positives + 1) / 2.0)
            / nullif(positives * cast(labels_known - positives as double), 0), 6
        ) as auc,
        round(squares / labels_known, 6) as brier,
        round(distances / labels_known, 6) as mae,
        round(total_score / nullif(total_outcome, 0) - 1, 6) as bias,
        round(
            (labels_known * rank_products - score_ranks * outcome_ranks)
            / nullif(
                sqrt(labels_known * score_rank_squares - score_ranks * score_ranks)
                * sqrt(labels_known * outcome_rank_squares - outcome_ranks * outcome_ranks), 0
            ), 6
        ) as spearman
    from (
        select
            run_id,
            count(*) as labels_known,
            max(interval_level) as interval_level,
            cast(sum(score) as double) as total_score,
            cast(sum(outcome) as double) as total_outcome,
            cast(count_if(outcome > 0) as double) as positives,
            cast(sum(case when outcome > 0 then score_rank else 0 end) as double) as positive_ranks,
            cast(sum(cast(power(cast(outcome - score as double), 2) as decimal(38, 12))) as double) as squares,
            cast(sum(abs(outcome - score)) as double) as distances,
            cast(sum(score_rank) as double) as score_ranks,
            cast(sum(outcome_rank) as double) as outcome_ranks,
            cast(sum(cast(score_rank * outcome_rank as decimal(24, 0))) as double) as rank_products,
            cast(sum(cast(score_rank * score_rank as decimal(24, 0))) as double) as score_rank_squares,
            cast(sum(cast(outcome_rank * outcome_rank as decimal(24, 0))) as double) as outcome_rank_squares
        from ranked
        group by run_id
    ) as sums
{%- endmacro %}


{% macro outcomes_by_tenth() -%}
    select
        run_id,
        sum(abs(score - outcome)) as gap,
        {{ json_list_of({
            'predicted': 'round(cast(score as double) / customers, 6)',
            'observed': 'round(cast(outcome as double) / customers, 6)',
            'customers': 'customers'
        }, 'tenth') }} as calibration
    from (
        select
            run_id,
            tenth,
            count(*) as customers,
            sum(score) as score,
            sum(outcome) as outcome
        from ranked
        group by run_id, tenth
    ) as tenth_sums
    group by run_id
{%- endmacro %}


{#- As python_scoring/uncertainty/coverage.py measures it: whole groups from the lowest score up. -#}
{% macro coverage_of_bounds(group_size) -%}
    select
        run_id,
        round(cast(count_if(outcome between score_lower and score_upper) as double) / count(*), 6) as coverage
    from (
        select
            run_id,
            sum(outcome) as outcome,
            sum(score_lower) as score_lower,
            sum(score_upper) as score_upper
        from ranked
        where score_lower is not null and score_upper is not null
        group by run_id, {{ whole_quotient('place', group_size) }}
        having count(*) = {{ group_size }}
    ) as score_groups
    group by run_id
{%- endmacro %}


{% macro is_of_runs(runs) -%}
    {%- set dates = [] -%}
    {%- set ids = [] -%}
    {%- for run in runs -%}
        {%- do dates.append(literal(run.as_of, 'date')) -%}
        {%- do ids.append(literal(run.run_id)) -%}
    {%- endfor -%}
    {{ 'prediction_date in (' ~ dates | unique | join(', ') ~ ') and run_id in (' ~ ids | join(', ') ~ ')' if runs else 'false' }}
{%- endmacro %}


{% macro is_as_of_runs(runs) -%}
    {%- set as_ofs = [] -%}
    {%- for run in runs -%}
        {%- do as_ofs.append(literal(run.as_of, 'timestamp')) -%}
    {%- endfor -%}
    {{ 'as_of in (' ~ as_ofs | unique | join(', ') ~ ')' if runs else 'false' }}
{%- endmacro %}
