with customers as (
    select * from {{ ref('customers_as_of') }}
),

orders as (
    select * from {{ ref('order_features') }}
),

events as (
    select * from {{ ref('event_features') }}
)

select
    customers.as_of,
    customers.data_cutoff,
    customers.feature_version,
    customers.customer_id,
    customers.country,
    {{ elapsed_days('customers.signed_up_at', 'customers.as_of') }} as tenure_days,
    {% for feature in features_of('order_features') %}
    {{ feature_value('orders', feature) }} as {{ feature.name }},
    {% endfor %}
    {% for feature in features_of('event_features') %}
    {{ feature_value('events', feature) }} as {{ feature.name }}
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from customers
left join orders
    on customers.as_of = orders.as_of and customers.customer_id = orders.customer_id
left join events
    on customers.as_of = events.as_of and customers.customer_id = events.customer_id
