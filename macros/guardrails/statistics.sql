{% macro output_statistics(product) -%}
{%- set contract = contract_of(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

eligible as (
    select
        runs.run_id,
        snapshots.customer_id,
        {{ check_setting(contract, 'recent_activity') or 'cast(null as boolean)' }} as is_active
    from runs
    inner join {{ ref('feature_snapshots') }} as snapshots
        on
            runs.as_of = snapshots.as_of
            and runs.data_cutoff = snapshots.data_cutoff
            and runs.feature_version = snapshots.feature_version
    where {{ eligible_population(product) }}
),

eligible_counted as (
    select
        run_id,
        count(*) as eligible_customers,
        count(*) filter (where is_active) as active_customers,
        {{ set_fingerprint('customer_id') }} as fingerprint
    from eligible
    group by run_id
),

candidates_counted as (
    select
        runs.run_id,
        count(*) as rows_scored,
        count(candidates.customer_id) as rows_with_customer,
        {{ set_fingerprint('candidates.customer_id') }} as fingerprint,
        count(*) filter (
            where candidates.customer_id is null or candidates.model_version is null or candidates.feature_version is null
        ) as incomplete,
        count(*) filter (where candidates.score is null) as nulls,
        count(*) filter (where isnan(candidates.score) or isinf(candidates.score)) as not_finite,
        count(*) filter (
            where isfinite(candidates.score)
            and candidates.score not between {{ contract.valid_range.minimum }} and {{ contract.valid_range.maximum }}
        ) as out_of_range,
        count(*) filter (
            where isfinite(candidates.score)
            and (candidates.label is null or candidates.label not in ({{ label_names(contract) }}))
        ) as unknown_labels,
        count(coalesce(candidates.score_lower, candidates.score_upper, candidates.interval_level)) as rows_with_bounds,
        count(*) filter (
            where coalesce(candidates.score_lower, candidates.score_upper, candidates.interval_level) is not null
            and not coalesce(
                candidates.score between candidates.score_lower and candidates.score_upper
                and isfinite(candidates.score_lower) and isfinite(candidates.score_upper)
                and candidates.interval_level > 0 and candidates.interval_level < 1,
                false
            )
        ) as bounds_wrong,
        count(*) filter (
            where candidates.model_version <> runs.model_version
            or candidates.feature_version <> runs.feature_version
            or candidates.artifact_sha256 <> runs.artifact_sha256
        ) as not_as_pinned,
        cast(sum(cast({{ usable_score('candidates.score') }} as decimal(18, 6))) as double)
        / nullif(count({{ usable_score('candidates.score') }}), 0) as mean_score,
        {{ quantiles(usable_score('candidates.score'), [0.1, 0.5, 0.9]) }} as score_quantiles
    from {{ ref('candidates_' ~ product) }} as candidates
    inner join runs on candidates.run_id = runs.run_id
    group by runs.run_id
),

-- Where the fingerprints agree, nobody is missing, strange or there twice; else both sets are compared.
to_compare as (
    select runs.run_id
    from runs
    left join eligible_counted on runs.run_id = eligible_counted.run_id
    left join candidates_counted on runs.run_id = candidates_counted.run_id
    where coalesce(eligible_counted.fingerprint, '') <> coalesce(candidates_counted.fingerprint, '')
),

compared as (
    select
        coalesce(expected.run_id, scored.run_id) as run_id,
        expected.customer_id as eligible_customer,
        scored.customer_id,
        scored.run_id is not null as is_scored
    from (select eligible.* from eligible inner join to_compare on eligible.run_id = to_compare.run_id) as expected
    full outer join (
        select
            candidates.run_id,
            candidates.customer_id
        from {{ ref('candidates_' ~ product) }} as candidates
        inner join to_compare on candidates.run_id = to_compare.run_id
    ) as scored on expected.run_id = scored.run_id and expected.customer_id = scored.customer_id
),

differences as (
    select
        run_id,
        count(distinct customer_id) as customers_scored,
        count(*) filter (where not is_scored) as missing,
        count(*) filter (where eligible_customer is null and customer_id is not null) as surplus
    from compared
    group by run_id
),

measured as (
    select
        runs.run_id,
        coalesce(eligible_counted.eligible_customers, 0) as eligible_customers,
        coalesce(eligible_counted.active_customers, 0) as active_customers,
        coalesce(candidates_counted.rows_scored, 0) as rows_scored,
        coalesce(differences.customers_scored, candidates_counted.rows_with_customer, 0) as customers_scored,
        coalesce(candidates_counted.rows_with_customer - differences.customers_scored, 0) as duplicates,
        coalesce(differences.missing, 0) as missing,
        coalesce(differences.surplus, 0) as surplus,
        {%- for count in [
            'incomplete', 'nulls', 'not_finite', 'out_of_range', 'unknown_labels', 'rows_with_bounds', 'bounds_wrong',
            'not_as_pinned'
        ] %}
        coalesce(candidates_counted.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        candidates_counted.mean_score,
        {{ list_item('candidates_counted.score_quantiles', 1) }} as score_p10,
        {{ list_item('candidates_counted.score_quantiles', 2) }} as score_p50,
        {{ list_item('candidates_counted.score_quantiles', 3) }} as score_p90
    from runs
    left join eligible_counted on runs.run_id = eligible_counted.run_id
    left join candidates_counted on runs.run_id = candidates_counted.run_id
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


{% macro eligible_population(product) -%}
    ({{ contract_of(product).eligible_population.condition }})
{%- endmacro %}


{% macro label_names(contract) -%}
    {%- for label in contract.get('labels', []) -%}
        {{ string_literal(label.name) }}{{ ', ' if not loop.last }}
    {%- else -%}
        null
    {%- endfor -%}
{%- endmacro %}
