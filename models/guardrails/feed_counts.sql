-- Customers active in each feed, in the snapshot of each due run and of the same weekday in the four weeks before it.
{%- set contract = contract_of(product_at_hand()) -%}
{%- for run in due_runs_of(contract.product) or [{}] %}
select
    {{ literal(run.run_id) }} as run_id,
    as_of,
    as_of = {{ literal(run.as_of, 'timestamp') }} as is_now,
    count(*) as customers,
    -- No count_if: of nulls alone, as in a shop without events, it makes null.
    [
        {%- for condition in var('feed_activity').values() %}
        count(*) filter (where {{ condition }}){{ ',' if not loop.last }}
        {%- endfor %}
    ] as active
from {{ ref('feature_snapshots') }}
where
    as_of in ({{ weekdays_before(run.as_of) }})
    and feature_version = {{ literal(run.feature_version) }}
    and ({{ contract.eligible_population.condition }})
group by as_of
{{ 'union all' if not loop.last }}
{%- endfor %}
