-- Runs that may be served and whose predictions, or whose features, a damaged file held. Variables, as the function
-- damaged_files of the plugin returns them: `kind`, predictions or snapshots; `product`; and `slice`, the partition.
{{ config(materialized='ephemeral') }}
select
    run_id,
    product,
    as_of,
    is_current
from {{ ref('run_states') }}
where
    is_served
    {%- if kind | default('predictions') == 'predictions' %}
    and product = {{ literal(product) }}
    and cast(as_of as date) = {{ literal(slice, 'date') }}
    {%- else %}
    and is_current
    and as_of = {{ literal(slice, 'timestamp') }}
    {%- endif %}
