-- Snapshots that were made anew, because a data file was damaged, and that are not what their manifest says, one
-- sentence each.
-- depends_on: {{ ref('feature_snapshots') }}, {{ ref('snapshot_plan') }}
-- depends_on: {{ source('operations', 'snapshot_manifest') }}
{% for plan in planned_snapshots() if plan.is_repair %}
select
    'feature_snapshots as of ' || {{ plan.as_of }} || ' was computed again and is not what was recorded: the digest is '
    || found.digest || ' instead of ' || manifest.feature_snapshot_id
    || '. Copy its damaged file back from a backup (lake.operations.damaged_files names it).' as message
from (
    select {{ rows_digest(snapshot_row_text(feature_names())) }} as digest
    from {{ ref('feature_snapshots') }}
    where as_of = {{ plan.as_of }} and feature_version = '{{ feature_version() }}'
) as found
inner join {{ source('operations', 'snapshot_manifest') }} as manifest
    on manifest.as_of = {{ plan.as_of }} and manifest.feature_version = '{{ feature_version() }}'
where found.digest <> manifest.feature_snapshot_id
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({'message': 'text'}) }}
where false
{% endfor %}
