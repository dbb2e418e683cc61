-- The row of access_log_loads for one load of the serving database's access log: `load`, as the plugin returned it.
{{ config(materialized='ephemeral') }}
{% set load = load | default({}) %}

select
    coalesce(max(entry), 0) + 1 as entry,
    {{ recorded_at() }} as recorded_at,
    '{{ 'incomplete' if load.message else 'complete' }}' as outcome,
    {{ literal(load.entries, 'bigint') }} as entries,
    {{ literal(load.read_until, 'timestamp') }} as read_until,
    {{ literal(load.complete_until, 'timestamp') }} as complete_until,
    {{ literal(load.gap_from, 'timestamp') }} as gap_from,
    {{ literal(load.gap_until, 'timestamp') }} as gap_until,
    {{ literal(load.message) }} as message,
    {{ literal(load.log_file) }} as log_file,
    {{ literal(load.log_identity) }} as log_identity,
    {{ literal(load.log_position, 'bigint') }} as log_position,
    {{ literal(load.decisions_counted, 'bigint') }} as decisions_counted,
    {{ literal(load.decisions_uncounted, 'bigint') }} as decisions_uncounted,
    '{{ invocation_id }}' as invocation_id
from {{ source('operations', 'access_log_loads') }}
