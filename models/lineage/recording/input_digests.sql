-- Rows, newest load and digest of each raw table before the data cutoff of a snapshot.
with sources as (
    {% for raw in raw_sources() %}
    select '{{ raw.name }}' as source
    {{ 'union all' if not loop.last }}
    {% else %}
    select {{ typed_nulls({'source': 'text'}) }}
    where false
    {% endfor %}
)

select
    snapshots.as_of,
    snapshots.data_cutoff,
    snapshots.feature_version,
    sources.source,
    coalesce(sum(parts.row_count), 0) as row_count,
    max(parts.last_loaded_at) as newest_loaded_at,
    {{ input_digest('coalesce(sum(parts.first_sum), 0)', 'coalesce(sum(parts.second_sum), 0)') }} as content_digest,
    any_value(lake.lake_snapshot_id) as lake_snapshot_id
from {{ ref('traced_snapshots') }} as snapshots
cross join sources
cross join {{ ref('lake_state') }} as lake
left join {{ ref('input_parts') }} as parts
    on sources.source = parts.source and snapshots.data_cutoff = parts.data_cutoff
group by snapshots.as_of, snapshots.data_cutoff, snapshots.feature_version, sources.source
