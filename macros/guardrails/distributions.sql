{#- How many customers lie in each bin: what statistics counted, as rows, beside labels and categories. -#}

{% macro output_distributions(product) -%}
{%- set bins = reference_bins(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

statistics as (
    select * from {{ ref('statistics_' ~ product) }}
),

model_references as (
    select * from {{ ref('references_' ~ product) }}
),

-- One row per run and subject.
binned as (
    select run_id, counts from {{ numbered_items('statistics', 'score_bins', 'place', 'counts') }}
    union all
    select run_id, counts from {{ numbered_items('statistics', 'feature_bins', 'place', 'counts') }}
),

counted as (
    -- The list begins with those who have no value.
    select
        run_id,
        counts.kind,
        counts.subject,
        nullif(place, 0) - 1 as bin,
        cast(null as text) as category,
        customers
    from {{ numbered_items('binned', 'counts.customers', 'place', 'customers') }}

    union all

    select
        run_id,
        'label' as kind,
        'label' as subject,
        null as bin,
        label as category,
        count(*) as customers
    from {{ ref('candidates_' ~ product) }}
    group by run_id, label
    {% for run in due_runs_of(product) -%}
    {%- for feature, described in bins.get(run.model_version, {}).get('feature', {}).items() if described.is_category %}
    union all

    select
        {{ literal(run.run_id) }} as run_id,
        'feature' as kind,
        {{ string_literal(feature) }} as subject,
        null as bin,
        snapshots.{{ feature }} as category,
        count(*) as customers
    from {{ ref('feature_snapshots') }} as snapshots
    where {{ is_snapshot_of(run) }} and {{ eligible_population(product) }}
    group by snapshots.{{ feature }}
    {% endfor -%}
    {% endfor %}
)

select
    counted.run_id,
    runs.product,
    counted.kind,
    counted.subject,
    cast(counted.bin as integer) as bin,
    model_references.tenth,
    model_references.upper_edge,
    counted.category,
    counted.customers
from counted
inner join runs on counted.run_id = runs.run_id
left join model_references
    on
        runs.model_version = model_references.model_version
        and counted.kind = model_references.kind
        and counted.subject = model_references.subject
        and counted.bin = model_references.bin
where counted.customers > 0
{%- endmacro %}
