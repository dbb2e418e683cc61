-- A digest of what a build makes its relations by, and of the relations: with the same, seeds and views of the lake are
-- as they were made last.
{{ config(materialized='ephemeral') }}
with relations as (
    select
        found.database_name,
        found.schema_name,
        found.table_name as relation_name,
        found.comment as made_as
    from duckdb_tables() as found

    union all

    select
        found.database_name,
        found.schema_name,
        found.view_name as relation_name,
        found.comment as made_as
    from duckdb_views() as found
    where not found.internal
)

select
    md5(concat_ws('|', getvariable('project_fingerprint'), string_agg(
        concat_ws('.', database_name, schema_name, relation_name, made_as), '|'
        order by database_name, schema_name, relation_name
    ))) as definitions
from relations
where
    database_name in (current_database(), 'lake')
    and schema_name <> 'elementary'
    and relation_name <> 'left_by_last_build'
