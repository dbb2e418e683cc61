{#- Who should be scored: the eligible customers of a run's snapshot, counted in one pass over it. -#}

{% macro eligible_counts(run, product, bins) -%}
    select
        {{ literal(run.run_id) }} as run_id,
        count(*) as eligible_customers,
        count_if({{ check_setting(contract_of(product), 'recent_activity') or 'cast(null as boolean)' }}) as active_customers,
        {{ set_fingerprint('snapshots.customer_id') }} as fingerprint,
        {{ feature_bins(bins.get(run.model_version, {})) }} as feature_bins
    from {{ ref('feature_snapshots') }} as snapshots
    where {{ is_snapshot_of(run) }} and {{ eligible_population(product) }}
{%- endmacro %}


{% macro is_snapshot_of(run) -%}
    snapshots.as_of = {{ literal(run.as_of, 'timestamp') }}
    and snapshots.data_cutoff = {{ literal(run.data_cutoff, 'timestamp') }}
    and snapshots.feature_version = {{ literal(run.feature_version) }}
{%- endmacro %}


{% macro population_differences(product) -%}
    select
        coalesce(expected.run_id, scored.run_id) as run_id,
        count(distinct scored.customer_id) as customers_scored,
        count_if(scored.run_id is null) as missing,
        count_if(expected.customer_id is null and scored.customer_id is not null) as surplus
    from (
        select
            to_compare.run_id,
            snapshots.customer_id
        from to_compare
        inner join {{ ref('feature_snapshots') }} as snapshots
            on
                to_compare.as_of = snapshots.as_of
                and to_compare.data_cutoff = snapshots.data_cutoff
                and to_compare.feature_version = snapshots.feature_version
        where {{ eligible_population(product) }}
    ) as expected
    full outer join (
        select
            to_compare.run_id,
            candidates.customer_id
        from to_compare
        inner join {{ ref('candidates_' ~ product) }} as candidates on to_compare.run_id = candidates.run_id
    ) as scored on expected.run_id = scored.run_id and expected.customer_id = scored.customer_id
    group by 1
{%- endmacro %}


{% macro eligible_population(product) -%}
    ({{ contract_of(product).eligible_population.condition }})
{%- endmacro %}
