-- The inputs of each feature snapshot as JSON.
{{ config(materialized='ephemeral') }}
select
    as_of,
    data_cutoff,
    feature_version,
    {{ json_list_of({
        'source': 'source', 'rows': 'row_count', 'newest_loaded_at': 'cast(newest_loaded_at as text)',
        'content_digest': 'content_digest', 'lake_snapshot_id': 'lake_snapshot_id'
    }, 'source') }} as inputs
from {{ source('operations', 'snapshot_inputs') }}
group by as_of, data_cutoff, feature_version
