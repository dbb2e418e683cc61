"""Taking damaged files out of the catalogue: what is left can be read.

The files stay where they are, for whoever looks into the cause; DuckLake takes them for leftovers
of a killed process, and an erasure deletes them.
"""

from collections.abc import Iterable

from python_scoring.integrity.data_files import TABLE, Catalogue, DataFile

# What the catalogue knows of a data file, and of the rows that were deleted from it.
OF_A_FILE = (
    "ducklake_file_column_stats",
    "ducklake_file_partition_value",
    "ducklake_delete_file",
    "ducklake_data_file",
)
INLINED = """
select inlined.table_name
from {catalog}ducklake_inlined_data_tables as inlined
inner join {catalog}ducklake_table as tables on inlined.table_id = tables.table_id
inner join {catalog}ducklake_schema as schemas on tables.schema_id = schemas.schema_id
where schemas.schema_name = ? and tables.table_name = ?
"""
LANDINGS = """
select min(cast(stats.min_value as bigint)), max(cast(stats.max_value as bigint))
from {catalog}ducklake_file_column_stats as stats
inner join {catalog}ducklake_column as columns
    on stats.table_id = columns.table_id and stats.column_id = columns.column_id
where stats.data_file_id = ? and columns.column_name = 'landed_in'
"""


def set_aside(catalog: Catalogue, files: Iterable[DataFile], prefix: str = "") -> None:
    """Remove data files from the catalogue. Nobody may be in a transaction on the lake."""
    for file in files:
        for table in OF_A_FILE:
            catalog.execute(f"delete from {prefix}{table} where data_file_id = ?", [file.file_id])  # noqa: S608 - ours
        catalog.execute(f"delete from {prefix}{TABLE} where file_id = ?", [file.file_id])  # noqa: S608 - ours
        if file.kind_of_table == "derived":
            # It is computed anew from its beginning.
            for (name,) in catalog.execute(
                INLINED.format(catalog=prefix), [file.schema, file.table]
            ).fetchall():
                catalog.execute(f"delete from {prefix}{name}")  # noqa: S608 - ours


def landings(catalog: Catalogue, file: DataFile, prefix: str = "") -> tuple[int, int]:
    """The first and the last landing of raw files that a data file may hold rows of."""
    [(first, last)] = catalog.execute(LANDINGS.format(catalog=prefix), [file.file_id]).fetchall()
    return int(first), int(last)


def with_their_slice(damaged: Iterable[DataFile], files: Iterable[DataFile]) -> list[DataFile]:
    """The damaged files with those that are only read together with them.

    A run and a snapshot are read whole or not at all, and so is what is derived; of a raw table
    each file stands for itself.
    """
    slices = {_slice(file) for file in damaged}
    return [file for file in files if file.kind == "data" and _slice(file) in slices]


def _slice(file: DataFile) -> tuple[str, str]:
    return file.name, file.path.name if file.kind_of_table == "raw" else file.partition
