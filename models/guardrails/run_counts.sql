-- Eligible customers and records of each due run, side by side, and who is missing, strange or there twice.
{%- set contract = contract_of(product_at_hand()) %}

with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ contract.product }}'
),

eligible_counted as (
    select * from {{ product_ref('eligible_counts') }}
),

records_counted as (
    select * from {{ product_ref('record_counts') }}
),

-- Where the fingerprints agree, no customer is missing, ineligible or scored twice; else both sets are compared.
to_compare as (
    select runs.*
    from runs
    left join eligible_counted on runs.run_id = eligible_counted.run_id
    left join records_counted on runs.run_id = records_counted.run_id
    where coalesce(eligible_counted.fingerprint, '') <> coalesce(records_counted.fingerprint, '')
),

expected as (
    select
        to_compare.run_id,
        snapshots.customer_id
    from to_compare
    inner join {{ ref('feature_snapshots') }} as snapshots
        on
            to_compare.as_of = snapshots.as_of
            and to_compare.data_cutoff = snapshots.data_cutoff
            and to_compare.feature_version = snapshots.feature_version
    where ({{ contract.eligible_population.condition }})
),

scored as (
    select
        to_compare.run_id,
        candidates.customer_id
    from to_compare
    inner join {{ product_source('candidates') }} as candidates on to_compare.run_id = candidates.run_id
),

differences as (
    select
        coalesce(expected.run_id, scored.run_id) as run_id,
        count(distinct scored.customer_id) as customers_scored,
        count_if(scored.run_id is null) as missing,
        count_if(expected.customer_id is null and scored.customer_id is not null) as surplus
    from expected
    full outer join scored on expected.run_id = scored.run_id and expected.customer_id = scored.customer_id
    group by 1
)

select
    runs.run_id,
    {%- for column in ['eligible_customers', 'active_customers', 'feature_bins', 'feature_extremes'] %}
    eligible_counted.{{ column }},
    {%- endfor %}
    {%- for column in [
        'rows_scored', 'incomplete', 'nulls', 'not_finite', 'out_of_range', 'unknown_labels', 'rows_with_bounds',
        'bounds_wrong', 'not_as_pinned', 'mean_score', 'score_quantiles', 'score_bins'
    ] %}
    records_counted.{{ column }},
    {%- endfor %}
    coalesce(differences.customers_scored, records_counted.rows_with_customer, 0) as customers_scored,
    coalesce(records_counted.rows_with_customer - differences.customers_scored, 0) as duplicates,
    coalesce(differences.missing, 0) as missing,
    coalesce(differences.surplus, 0) as surplus
from runs
left join eligible_counted on runs.run_id = eligible_counted.run_id
left join records_counted on runs.run_id = records_counted.run_id
left join differences on runs.run_id = differences.run_id
