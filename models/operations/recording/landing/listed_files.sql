-- Raw files of a landing with what tells their content. Variables: `raw_table`, `landing`, and `files` as
-- plan_landing has them.
{% for file in files | default([{}]) %}
select
    {{ landing | default(0) }} as landing,
    {{ literal(raw_table) }} as source,
    {{ literal(file.file) }} as file,
    {{ literal(file.change) }} as change,
    {{ literal(file.size_bytes, 'bigint') }} as size_bytes,
    {{ literal(file.modified_at, 'timestamp') }} as modified_at,
    {{ literal(file.tail_digest) }} as tail_digest,
    {{ literal(file.has_loaded_at, 'boolean') }} as has_loaded_at,
    {{ recorded_at() }} as landed_at,
    '{{ invocation_id }}' as invocation_id,
    {{ code_version() }} as code_version
{{ 'union all' if not loop.last }}
{% endfor %}
