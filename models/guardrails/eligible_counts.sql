-- Eligible customers in the snapshot of each due run, counted in one pass over it.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set bins = reference_bins(contract.product) -%}
{%- for run in due_runs_of(contract.product) or [{}] %}
select
    {{ literal(run.run_id) }} as run_id,
    count(*) as eligible_customers,
    count_if({{ check_setting(contract, 'recent_activity') or 'cast(null as boolean)' }}) as active_customers,
    {{ set_fingerprint('snapshots.customer_id') }} as fingerprint,
    {{ feature_bins(bins.get(run.model_version, {})) }} as feature_bins,
    {{ feature_extremes(bins.get(run.model_version, {})) }} as feature_extremes
from {{ ref('feature_snapshots') }} as snapshots
where {{ is_snapshot_of(run) }} and ({{ contract.eligible_population.condition }})
{{ 'union all' if not loop.last }}
{%- endfor %}
