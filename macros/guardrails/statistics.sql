{#- What is counted and measured in each due run, beside the same of its former batch. -#}

{% macro output_statistics(product) -%}
{%- set bins = reference_bins(product) -%}
{%- set due_runs = due_runs_of(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

eligible_counted as (
    {{ for_each_run(due_runs, eligible_counts, [product, bins]) }}
),

records_counted as (
    {{ for_each_run(due_runs, record_counts, [product, bins]) }}
),

-- Where the fingerprints agree, nobody is missing, strange or there twice; else both sets are compared.
to_compare as (
    select runs.*
    from runs
    left join eligible_counted on runs.run_id = eligible_counted.run_id
    left join records_counted on runs.run_id = records_counted.run_id
    where coalesce(eligible_counted.fingerprint, '') <> coalesce(records_counted.fingerprint, '')
),

differences as (
    {{ population_differences(product) }}
),

measured as (
    select
        runs.run_id,
        coalesce(eligible_counted.eligible_customers, 0) as eligible_customers,
        coalesce(eligible_counted.active_customers, 0) as active_customers,
        coalesce(records_counted.rows_scored, 0) as rows_scored,
        coalesce(differences.customers_scored, records_counted.rows_with_customer, 0) as customers_scored,
        coalesce(records_counted.rows_with_customer - differences.customers_scored, 0) as duplicates,
        coalesce(differences.missing, 0) as missing,
        coalesce(differences.surplus, 0) as surplus,
        {%- for count in [
            'incomplete', 'nulls', 'not_finite', 'out_of_range', 'unknown_labels', 'rows_with_bounds', 'bounds_wrong',
            'not_as_pinned'
        ] %}
        coalesce(records_counted.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        records_counted.mean_score,
        cast({{ list_item('records_counted.score_quantiles', 1) }} as double) as score_p10,
        cast({{ list_item('records_counted.score_quantiles', 2) }} as double) as score_p50,
        cast({{ list_item('records_counted.score_quantiles', 3) }} as double) as score_p90,
        records_counted.score_bins,
        eligible_counted.feature_bins
    from runs
    left join eligible_counted on runs.run_id = eligible_counted.run_id
    left join records_counted on runs.run_id = records_counted.run_id
    left join differences on runs.run_id = differences.run_id
),

-- Of runs that are served, and of this build's own.
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
{%- endmacro %}
