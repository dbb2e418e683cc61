-- Fails for each append-only table of which a row was ever deleted or updated, as the lake's snapshots remember.
-- One test for all of them: it runs at the end of a build, and keeps nothing from being built.
-- depends_on: {{ ref('sla_attainment') }}
{% set tables = append_only_tables() if execute and flags.WHICH in ['build', 'test'] else [] %}
{% set snapshots = "select min(snapshot_id) as oldest, max(snapshot_id) as newest from ducklake_snapshots('lake')" %}
{% set known = run_query(snapshots).rows[0] if tables %}

{% for table in tables %}
select
    '{{ table.schema }}.{{ table.identifier }}' as table_name,
    count(*) as deleted_rows
from ducklake_table_deletions(
    'lake', '{{ table.schema }}', '{{ table.identifier }}', {{ known['oldest'] }}, {{ known['newest'] }}
)
having count(*) > 0
{{ 'union all' if not loop.last }}
{% else %}
select 'none is built yet' as table_name
where false
{% endfor %}
