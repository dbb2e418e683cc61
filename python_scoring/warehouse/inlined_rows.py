"""Rows that DuckLake keeps in its catalogue, because an insert brought few of them.

`ducklake_flush_inlined_data` takes them out of the catalogue at once: a reader whose snapshot is
older, if only by a moment, finds them neither there nor in a file. Here a row stays until no
snapshot needs it.
"""

import sqlite3

import duckdb

from python_scoring.project.sql_text import identifier

METADATA = "__ducklake_metadata_lake"
INLINED_TABLES = f"""
select
    schemas.schema_name,
    tables.table_name,
    list(inlined.table_name order by inlined.table_name) as parts
from {METADATA}.ducklake_inlined_data_tables as inlined
inner join {METADATA}.ducklake_table as tables
    on inlined.table_id = tables.table_id and tables.end_snapshot is null
inner join {METADATA}.ducklake_schema as schemas
    on tables.schema_id = schemas.schema_id and schemas.end_snapshot is null
group by schemas.schema_name, tables.table_name
order by schemas.schema_name, tables.table_name
"""  # noqa: S608 - ours
# DuckLake keeps an insert of so many rows in the catalogue.
LIMIT = 10
# Deleted rows that no snapshot needs.
ENDED = "end_snapshot <= (select min(snapshot_id) from ducklake_snapshot)"


def write_to_files(lake: duckdb.DuckDBPyConnection, more_than: int = LIMIT) -> None:
    """Insert the rows into files and delete them in the catalogue, table by table.

    Tables with no `more_than` so many keep them; fewer than LIMIT takes a lake that inlines none.
    """
    for schema, table, parts in lake.execute(INLINED_TABLES).fetchall():
        name = f"lake.{identifier(schema)}.{identifier(table)}"
        row_ids = " union all ".join(
            f"select row_id from {METADATA}.{identifier(part)} where end_snapshot is null"  # noqa: S608 - quoted
            for part in parts
        )
        found = f"select * from {name} where rowid in ({row_ids}) order by rowid"  # noqa: S608 - quoted
        lake.begin()
        lake.execute(f"create or replace temporary table inlined_rows as {found}")
        [(count,)] = lake.execute("select count(*) from inlined_rows").fetchall()
        if count > more_than:
            lake.execute(f"delete from {name} where rowid in ({row_ids})")  # noqa: S608 - quoted
            lake.execute(f"insert into {name} select * from inlined_rows")  # noqa: S608 - quoted
        lake.commit()


def purge(catalog: sqlite3.Connection) -> None:
    """Remove deleted rows that no snapshot needs, in a transaction."""
    parts = catalog.execute("select table_name from ducklake_inlined_data_tables").fetchall()
    with catalog:
        for (part,) in parts:
            catalog.execute(f"delete from {identifier(part)} where {ENDED}")  # noqa: S608 - quoted
