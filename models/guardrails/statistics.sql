-- Counts and measures of each due run, next to those of its previous run.
{%- set product = contract_of(product_at_hand()).product %}

with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

measured as (
    select
        run_id,
        coalesce(eligible_customers, 0) as eligible_customers,
        coalesce(active_customers, 0) as active_customers,
        coalesce(rows_scored, 0) as rows_scored,
        customers_scored,
        duplicates,
        missing,
        surplus,
        {%- for count in [
            'incomplete', 'nulls', 'not_finite', 'out_of_range', 'unknown_labels', 'rows_with_bounds', 'bounds_wrong',
            'not_as_pinned'
        ] %}
        coalesce({{ count }}, 0) as {{ count }},
        {%- endfor %}
        mean_score,
        cast(score_quantiles[1] as double) as score_p10,
        cast(score_quantiles[2] as double) as score_p50,
        cast(score_quantiles[3] as double) as score_p90,
        score_bins,
        feature_bins,
        feature_extremes
    from {{ product_ref('run_counts') }}
),

-- Served runs, and those of this build.
known as (
    select
        run_id,
        customers_scored,
        mean_score,
        score_p10,
        score_p50,
        score_p90
    from {{ source('operations', 'output_statistics') }}
    where product = '{{ product }}'

    union all

    select
        run_id,
        customers_scored,
        mean_score,
        score_p10,
        score_p50,
        score_p90
    from measured
)

select
    measured.*,
    runs.product,
    runs.as_of,
    runs.model_version,
    runs.feature_version,
    runs.former_run_id,
    runs.former_as_of,
    runs.former_model_version,
    runs.former_feature_version,
    known.customers_scored as former_customers,
    known.mean_score as former_mean,
    known.score_p10 as former_p10,
    known.score_p50 as former_p50,
    known.score_p90 as former_p90
from measured
inner join runs on measured.run_id = runs.run_id
left join known on runs.former_run_id = known.run_id
