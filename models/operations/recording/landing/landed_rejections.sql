-- Rejected rows of a landing: rows that no feature may be built from, and rows of unknown customers, which were
-- landed all the same, since a later file may bring the customer. Variables: `raw_table` and `landing`.
-- depends_on: {{ ref('checked_customers') }}, {{ ref('checked_events') }}, {{ ref('checked_orders') }}
{% set raw_table = raw_table | default('customers') %}
{% set raw = raw_sources() | selectattr('name', 'equalto', raw_table) | first %}
{% set key = raw.columns.keys() | first if raw else 'customer_id' %}

select
    '{{ raw_table }}' as source,
    {{ key }} as key,
    customer_id,
    rejection_reason as reason,
    row_json,
    row_text as source_text,
    loaded_at,
    false as is_landed,
    landed_file,
    {{ landing | default(0) }} as landed_in
from {{ relation_of_model('checked_' ~ raw_table) if execute else ref('checked_customers') }}
where rejection_reason is not null
{% if raw_table != 'customers' %}

union all

select
    '{{ raw_table }}' as source,
    {{ key }} as key,
    customer_id,
    'customer is unknown' as reason,
    {{ json_record(raw.columns.keys() | list) }} as row_json,
    null as source_text,
    loaded_at,
    true as is_landed,
    landed_file,
    landed_in
from {{ relation_of_model('stg_' ~ raw_table) }}
where
    landed_in = {{ landing | default(0) }}
    and customer_id not in (select customers.customer_id from {{ ref('stg_customers') }} as customers)
{% endif %}
