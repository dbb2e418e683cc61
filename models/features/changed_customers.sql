-- Customers about whom something changed between the base of a planned as-of and the as-of: rows that newly count or
-- were landed since, and rows that cross the edge of a window. All versions of such a row count: the one that a
-- correction replaces may be another customer's. The plan's instants are literals, at a fifth of the cost of a join.
-- depends_on: {{ ref('snapshot_plan') }}, {{ ref('stg_events') }}, {{ ref('stg_orders') }}
{% set plans = plans_with_base() %}
{% set types = {'as_of': 'timestamp', 'data_cutoff': 'timestamp', 'row_key': 'text', 'customer_id': 'text'} %}

with changed_orders as (
    {% for plan in plans %}
    select
        {{ plan.as_of }} as as_of,
        {{ plan.data_cutoff }} as data_cutoff,
        order_id as row_key,
        customer_id
    from {{ ref('stg_orders') }}
    where {{ changes_features(plan, 'orders', 'ordered_at') }}
    {{ 'union all' if not loop.last }}
    {% else %}
    select {{ typed_nulls(types) }}
    where false
    {% endfor %}
),

changed_events as (
    {% for plan in plans %}
    select
        {{ plan.as_of }} as as_of,
        {{ plan.data_cutoff }} as data_cutoff,
        event_id as row_key,
        customer_id
    from {{ ref('stg_events') }}
    where {{ changes_features(plan, 'events', 'occurred_at') }}
    {{ 'union all' if not loop.last }}
    {% else %}
    select {{ typed_nulls(types) }}
    where false
    {% endfor %}
)

select
    as_of,
    customer_id
from changed_orders

union all

select
    as_of,
    customer_id
from changed_events

union all

select
    changed.as_of,
    versions.customer_id
from changed_orders as changed
inner join {{ ref('order_versions') }} as versions
    on changed.row_key = versions.order_id and {{ is_known('versions.loaded_at', 'changed.data_cutoff') }}

union all

select
    changed.as_of,
    versions.customer_id
from changed_events as changed
inner join {{ ref('event_versions') }} as versions
    on changed.row_key = versions.event_id and {{ is_known('versions.loaded_at', 'changed.data_cutoff') }}
