-- Snapshots whose inputs are recorded: those of the plan, or the `traced` ones of a replay.
-- depends_on: {{ ref('snapshot_plan') }}
{% for snapshot in (traced if traced is defined else planned_snapshots()) if not snapshot.is_repair %}
select
    {{ snapshot.as_of }} as as_of,
    {{ snapshot.data_cutoff }} as data_cutoff,
    '{{ feature_version() }}' as feature_version
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({'as_of': 'timestamp', 'data_cutoff': 'timestamp', 'feature_version': 'text'}) }}
where false
{% endfor %}
