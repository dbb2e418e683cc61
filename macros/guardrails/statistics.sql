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

candidates as (
    select
        *,
        {{ usable_score('score') }} as usable_score
    from {{ ref('candidates_' ~ product) }}
),

compared as (
    select
        coalesce(eligible.run_id, candidates.run_id) as run_id,
        candidates.run_id is not null as is_scored,
        eligible.customer_id as eligible_customer,
        eligible.is_active,
        candidates.customer_id,
        candidates.score,
        candidates.usable_score,
        candidates.score_lower,
        candidates.score_upper,
        candidates.interval_level,
        candidates.label,
        candidates.model_version,
        candidates.feature_version,
        candidates.artifact_sha256
    from eligible
    full outer join candidates
        on eligible.run_id = candidates.run_id and eligible.customer_id = candidates.customer_id
),

measured as (
    select
        runs.run_id,
        count(distinct compared.eligible_customer) as eligible_customers,
        count(*) filter (where compared.is_active) as active_customers,
        count(*) filter (where compared.is_scored) as rows_scored,
        count(distinct compared.customer_id) as customers_scored,
        count(compared.customer_id) - count(distinct compared.customer_id) as duplicates,
        count(*) filter (where not compared.is_scored) as missing,
        count(*) filter (where compared.eligible_customer is null and compared.customer_id is not null) as surplus,
        count(*) filter (
            where compared.is_scored
            and (compared.customer_id is null or compared.model_version is null or compared.feature_version is null)
        ) as incomplete,
        count(*) filter (where compared.is_scored and compared.score is null) as nulls,
        count(*) filter (where isnan(compared.score) or isinf(compared.score)) as not_finite,
        count(*) filter (
            where isfinite(compared.score)
            and compared.score not between {{ contract.valid_range.minimum }} and {{ contract.valid_range.maximum }}
        ) as out_of_range,
        count(*) filter (
            where isfinite(compared.score)
            and (compared.label is null or compared.label not in ({{ label_names(contract) }}))
        ) as unknown_labels,
        count(coalesce(compared.score_lower, compared.score_upper, compared.interval_level)) as rows_with_bounds,
        count(*) filter (
            where coalesce(compared.score_lower, compared.score_upper, compared.interval_level) is not null
            and not coalesce(
                compared.score between compared.score_lower and compared.score_upper
                and isfinite(compared.score_lower) and isfinite(compared.score_upper)
                and compared.interval_level > 0 and compared.interval_level < 1,
                false
            )
        ) as bounds_wrong,
        count(*) filter (
            where compared.is_scored and (
                compared.model_version <> runs.model_version
                or compared.feature_version <> runs.feature_version
                or compared.artifact_sha256 <> runs.artifact_sha256
            )
        ) as not_as_pinned,
        cast(sum(cast(compared.usable_score as decimal(28, 6))) as double)
        / nullif(count(compared.usable_score), 0) as mean_score,
        percentile_disc(0.1) within group (order by compared.usable_score) as score_p10,
        percentile_disc(0.5) within group (order by compared.usable_score) as score_p50,
        percentile_disc(0.9) within group (order by compared.usable_score) as score_p90
    from runs
    left join compared on runs.run_id = compared.run_id
    group by runs.run_id
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
