-- Feature snapshots of which a file was found damaged and put aside, and that were not made anew since.
with damaged as (
    select as_of
    from {{ source('operations', 'damaged_files') }}
    where table_name = 'features.feature_snapshots'
    group by as_of
    having max_by(event, entry) = 'damaged'
)

select
    manifest.as_of,
    manifest.data_cutoff
from {{ source('operations', 'snapshot_manifest') }} as manifest
semi join damaged on manifest.as_of = damaged.as_of
where
    manifest.feature_version = '{{ feature_version() }}'
    -- Of other raw rows it would be another snapshot.
    and manifest.built_at > coalesce((select max(landed_at) from {{ source('operations', 'landed_files') }} where change = 'replaced'), '-infinity')
