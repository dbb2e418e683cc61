-- The snapshots that planned ones are carried forward from. They are no ref: a snapshot reads them before it is
-- appended to the same table.
-- depends_on: {{ ref('snapshot_plan') }}
{{ config(materialized='ephemeral') }}
{% set bases = plans_with_base() | map(attribute='base_as_of') | unique | list %}
{% set snapshots = snapshots_table() if bases %}

{% if snapshots %}
select *
from {{ snapshots }}
where as_of in ({{ bases | join(', ') }}) and feature_version = '{{ feature_version() }}'
{% else %}
select {{ typed_nulls(carried_types()) }}
where false
{% endif %}
