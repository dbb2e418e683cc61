-- Rows of a landing by file and load day: counts and sums of digests, which add up. Variables: `raw_table` and
-- `landing`.
-- depends_on: {{ ref('checked_customers') }}, {{ ref('checked_events') }}, {{ ref('checked_orders') }}
{% set raw_table = raw_table | default('customers') %}

select
    {{ landing | default(0) }} as landing,
    '{{ raw_table }}' as source,
    landed_file as file,
    cast(loaded_at as date) as load_day,
    count(*) as row_count,
    min(loaded_at) as first_loaded_at,
    max(loaded_at) as last_loaded_at,
    {{ md5_sum('row_text', 1) }} as first_sum,
    {{ md5_sum('row_text', 2) }} as second_sum
from {{ relation_of_model('checked_' ~ raw_table) if execute else ref('checked_customers') }}
group by landed_file, load_day
