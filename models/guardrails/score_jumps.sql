-- Customers whose score moved by more than the contract's score_jump, and the features that moved with it.
{%- set product = contract_of(product_at_hand()).product -%}
{%- set bins = reference_bins(product) -%}
{%- set features = numbers_in(bins) -%}
{%- set days = [] -%}
{%- for run in runs_with_former(product) -%}
{%- do days.extend([literal(run.as_of, 'timestamp'), literal(run.former_as_of, 'timestamp')]) -%}
{%- endfor %}

with jumps as (
    select
        run_id,
        customer_id,
        score_before,
        score_after
    from {{ product_ref('transitions') }}
    where is_jump
),

due_runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

snapshots as (
    select
    {%- for feature in features %}
        snapshots.{{ feature }},
        {%- endfor %}
        snapshots.as_of,
        snapshots.feature_version,
        snapshots.customer_id
    from {{ ref('feature_snapshots') }} as snapshots
    semi join jumps on snapshots.customer_id = jumps.customer_id
    where snapshots.as_of in ({{ days | join(', ') }})
)

select
    jumps.run_id,
    due_runs.product,
    jumps.customer_id,
    due_runs.former_run_id,
    jumps.score_before,
    jumps.score_after,
    case
        when snapshot_then.customer_id is not null
            then {{ features_that_moved(features, bins) if features else 'cast(null as text)' }}
    end as contributing_features
from jumps
inner join due_runs on jumps.run_id = due_runs.run_id
-- Unused without a product at hand, whose features are compared.
left join snapshots as snapshot_now  -- noqa: ST11
    on
        due_runs.as_of = snapshot_now.as_of
        and due_runs.feature_version = snapshot_now.feature_version
        and jumps.customer_id = snapshot_now.customer_id
left join snapshots as snapshot_then
    on
        due_runs.former_as_of = snapshot_then.as_of
        and due_runs.feature_version = snapshot_then.feature_version
        and jumps.customer_id = snapshot_then.customer_id
