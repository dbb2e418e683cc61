-- The engine, and the newest snapshot of the lake: what its tables hold now can be read again until snapshots expire.
{{ config(materialized='ephemeral') }}
select
    'DuckDB ' || version() || ', DuckLake ' || (
        select extensions.extension_version from duckdb_extensions() as extensions
        where extensions.extension_name = 'ducklake'
    ) as engine,
    max(snapshots.snapshot_id) as lake_snapshot_id
from ducklake_snapshots('lake') as snapshots
