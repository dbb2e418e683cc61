-- One row per planned as-of and customer: computed from orders and events, or carried forward from the snapshot that
-- the plan names as base, where nothing about the customer changed since. What depends on the as-of alone follows
-- from the instants of first and last order and last event, for everybody.
with customers as (
    select * from {{ ref('customers_as_of') }}
),

computed as (
    select * from {{ ref('customers_to_compute') }}
),

orders as (
    select * from {{ ref('order_features') }}
),

events as (
    select * from {{ ref('event_features') }}
),

former as (
    select * from {{ ref('former_snapshots') }}
),

states as (
    select
        customers.*,
        {% for state in state_columns() %}
        case
            when computed.customer_id is null then former.{{ state.name }} else {{ state.relation }}.{{ state.name }}
        end as {{ state.name }},
        {% endfor %}
        {% for feature in carried_features() %}
        case
            when computed.customer_id is null then former.{{ feature.name }} else {{ computed_value(feature) }}
        end as {{ feature.name }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from customers
    left join computed on customers.as_of = computed.as_of and customers.customer_id = computed.customer_id
    left join orders on customers.as_of = orders.as_of and customers.customer_id = orders.customer_id
    left join events on customers.as_of = events.as_of and customers.customer_id = events.customer_id
    left join former on customers.base_as_of = former.as_of and customers.customer_id = former.customer_id
)

select
    as_of,
    data_cutoff,
    feature_version,
    customer_id,
    country,
    {{ elapsed_days('signed_up_at', 'as_of') }} as tenure_days,
    {{ elapsed_days('last_order_at', 'as_of') }} as recency_days,
    {{ elapsed_days('first_order_at', 'as_of') }} as days_since_first_order,
    {{ exact_ratio(
        elapsed_days('last_order_at', 'as_of') ~ ' * (order_day_count - 1)',
        '(cast(last_order_at as date) - cast(first_order_at as date))', 12, 4
    ) }} as recency_to_gap_ratio,
    {{ elapsed_days('last_event_at', 'as_of') }} as days_since_last_event,
    {% for state in state_columns() %}
    {{ state.name }},
    {% endfor %}
    {% for feature in carried_features() %}
    {{ feature.name }}
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from states
