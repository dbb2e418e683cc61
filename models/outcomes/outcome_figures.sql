-- Figures of scores next to their outcomes: AUC, Brier score, errors and rank correlation, rounded to six decimals.
-- Sums are exact decimals and ranks whole numbers, so that no order of rows can change a figure.
with sums as (
    select
        run_id,
        model_version,
        compared_with,
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
        cast(sum(cast(outcome_rank * outcome_rank as decimal(24, 0))) as double) as outcome_rank_squares,
        count(*) as labels_known,
        max(interval_level) as interval_level
    from {{ product_ref('ranked_outcomes') }}
    group by run_id, model_version, compared_with
)

select
    run_id,
    model_version,
    compared_with,
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
from sums
