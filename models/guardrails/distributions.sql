-- Customers by bin, label and category, one row each: `statistics` has counted the bins.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set bins = reference_bins(contract.product) %}

with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ contract.product }}'
),

model_references as (
    select * from {{ product_ref('training_references') }}
),

counted as (
    select
        run_id,
        kind,
        subject,
        bin,
        cast(null as text) as category,
        customers
    from {{ product_ref('binned_customers') }}

    union all

    select
        run_id,
        'label' as kind,
        'label' as subject,
        null as bin,
        label as category,
        count(*) as customers
    from {{ product_source('candidates') }}
    group by run_id, label
    {% for run in due_runs_of(contract.product) -%}
    {%- for feature in categories_in(bins.get(run.model_version, {})) %}
    union all

    select
        {{ literal(run.run_id) }} as run_id,
        'feature' as kind,
        {{ string_literal(feature) }} as subject,
        null as bin,
        snapshots.{{ feature }} as category,
        count(*) as customers
    from {{ ref('feature_snapshots') }} as snapshots
    where {{ is_snapshot_of(run) }} and ({{ contract.eligible_population.condition }})
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
