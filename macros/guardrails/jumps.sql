{#- Customers whose score moved by more than the contract's score_jump, and the features that moved with it. -#}

{% macro score_jumps(product, runs) -%}
{%- set bins = reference_bins(product) -%}
{%- set features = [] -%}
{%- set days = [] -%}
{%- for run in due_runs_of(product) if run.former_run_id -%}
    {%- do days.extend([literal(run.as_of, 'timestamp'), literal(run.former_as_of, 'timestamp')]) -%}
{%- endfor -%}
{%- for feature, is_category in referenced_features(bins).items() if not is_category -%}
    {%- do features.append(feature) -%}
{%- endfor -%}
with jumps as (
    select
        run_id,
        customer_id,
        score_before,
        score_after
    from {{ ref('transitions_' ~ product) }}
    where is_jump
),

due_runs as (
    select * from {{ ref('due_runs') }}
),

snapshots as (
    select
        {%- for feature in features %}
        {{ feature }},
        {%- endfor %}
        as_of,
        feature_version,
        customer_id
    from {{ ref('feature_snapshots') }}
    where as_of in ({{ days | join(', ') or 'null' }}) and customer_id in (select jumps.customer_id from jumps)
)

select
    jumps.run_id,
    runs.product,
    jumps.customer_id,
    runs.former_run_id,
    jumps.score_before,
    jumps.score_after,
    {% if features -%}
    case when snapshot_then.customer_id is not null then {{ features_that_moved(features, bins) }} end
    {%- else -%}
    cast(null as text)
    {%- endif %} as contributing_features
from jumps
inner join {{ runs }} as runs on jumps.run_id = runs.run_id
inner join due_runs on jumps.run_id = due_runs.run_id
left join snapshots as snapshot_now
    on
        due_runs.as_of = snapshot_now.as_of
        and due_runs.feature_version = snapshot_now.feature_version
        and jumps.customer_id = snapshot_now.customer_id
left join snapshots as snapshot_then
    on
        due_runs.former_as_of = snapshot_then.as_of
        and due_runs.feature_version = snapshot_then.feature_version
        and jumps.customer_id = snapshot_then.customer_id
{%- endmacro %}


{% macro features_that_moved(features, bins) -%}
    {%- set moves = [] -%}
    {%- for feature in features -%}
        {%- set tenth_then = bin_of_version('snapshot_then.' ~ feature, bins, 'feature', feature, 'due_runs.model_version') -%}
        {%- set tenth_now = bin_of_version('snapshot_now.' ~ feature, bins, 'feature', feature, 'due_runs.model_version') -%}
        {%- do moves.append({
            'tenths': 'abs(coalesce(' ~ tenth_now ~ ', -1) - coalesce(' ~ tenth_then ~ ', -1))',
            'feature': "'" ~ feature ~ "'",
            'before': 'cast(snapshot_then.' ~ feature ~ ' as text)',
            'after': 'cast(snapshot_now.' ~ feature ~ ' as text)'
        }) -%}
    {%- endfor -%}
    {{ largest_records_as_json(moves, 'tenths', 3) }}
{%- endmacro %}
