-- Feature snapshots of which a file was found damaged and put aside, and that were not made anew since. Where a raw
-- file was accepted with another history since they were built, they would be other snapshots, and are left out.
with damaged as (
    select as_of
    from {{ source('operations', 'damaged_files') }}
    where table_name = 'features.feature_snapshots'
    group by as_of
    having max_by(event, entry) = 'damaged'
),

replaced as (
    select max(landed_at) as replaced_at from {{ source('operations', 'landed_files') }}
    where change = 'replaced'
)

select
    manifest.as_of,
    manifest.data_cutoff
from {{ source('operations', 'snapshot_manifest') }} as manifest
inner join damaged on manifest.as_of = damaged.as_of
cross join replaced
where
    manifest.feature_version = '{{ feature_version() }}'
    and (manifest.built_at > replaced.replaced_at or replaced.replaced_at is null)
