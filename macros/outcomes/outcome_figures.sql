{#- The figures of scores beside their outcomes. `measured` are the columns that say which scores belong together. -#}

{% macro outcome_figures(measured) -%}
    select
        {{ measured }},
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
            {{ measured }},
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
        group by {{ measured }}
    ) as sums
{%- endmacro %}


{% macro outcomes_by_tenth(measured) -%}
    select
        {{ measured }},
        sum(abs(score - outcome)) as gap,
        {{ json_list_of({
            'predicted': 'round(cast(score as double) / customers, 6)',
            'observed': 'round(cast(outcome as double) / customers, 6)',
            'customers': 'customers'
        }, 'tenth') }} as calibration
    from (
        select
            {{ measured }},
            tenth,
            count(*) as customers,
            sum(score) as score,
            sum(outcome) as outcome
        from ranked
        group by {{ measured }}, tenth
    ) as tenth_sums
    group by {{ measured }}
{%- endmacro %}


{#- As python_scoring/uncertainty/coverage.py measures it: whole groups from the lowest score up. -#}
{% macro coverage_of_bounds(measured, group_size) -%}
    select
        {{ measured }},
        round(cast(count_if(outcome between score_lower and score_upper) as double) / count(*), 6) as coverage
    from (
        select
            {{ measured }},
            sum(outcome) as outcome,
            sum(score_lower) as score_lower,
            sum(score_upper) as score_upper
        from ranked
        where score_lower is not null and score_upper is not null
        group by {{ measured }}, {{ whole_quotient('place', group_size) }}
        having count(*) = {{ group_size }}
    ) as score_groups
    group by {{ measured }}
{%- endmacro %}
