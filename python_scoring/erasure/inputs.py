"""Erased part of each recorded input: the number of raw rows, and their part of the digest.

The digest of an input (`lake.operations.snapshot_inputs`) is two sums over its rows. The erased
part can therefore be subtracted from the recorded digest, to compare with the remaining rows.
"""

from collections.abc import Iterator
from typing import Any

import duckdb
from jinja2 import Template

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.raw_files import RawFile
from python_scoring.erasure.tables import identifier, is_one_of, literal
from python_scoring.erasure.tombstone import ErasedRecord
from python_scoring.project import raw_sources

# The macro of macros/raw_data/cleaning.sql that reads a raw value of a type; text is read as is.
READ_BY = {"timestamp": "duckdb__as_instant", "decimal": "as_money", "integer": "as_count"}

# The text of a row is that of macros/lineage/inputs.sql.
INPUTS = """
with theirs as (
    select
        trim(cast(customer_id as text), e' \\t\\r\\n') as customer_id,
        {loaded_at} as loaded_at,
        concat_ws('|', {values}) as row_text
    from read_parquet({files}, hive_partitioning => false)
    where {theirs}
)

select
    as_of, feature_version, count(*), count(distinct customer_id),
    concat(sum(md5_number_lower(row_text)), '-', sum(md5_number_upper(row_text)))
from theirs
inner join lake.operations.snapshot_manifest as manifest on theirs.loaded_at < manifest.data_cutoff
group by all
order by all
"""


def find(
    lake: duckdb.DuckDBPyConnection,
    raw: list[RawFile],
    manifest: dict[str, Any],
    subjects: DataSubjects,
) -> Iterator[ErasedRecord]:
    """Yield an erased record for each raw table and snapshot that read one of the raw rows.

    `lake` is a connection with the lake attached, `raw` the raw files that hold a data subject.
    """
    sources = raw_sources(manifest)
    for table in sorted({each.table for each in raw}):
        values = {
            name: _as_staging_reads(manifest, column["data_type"], identifier(name))
            for name, column in sources[table]["columns"].items()
        }
        query = INPUTS.format(
            loaded_at=values["loaded_at"],
            values=", ".join(f"coalesce(cast({each} as text), '')" for each in values.values()),
            files=f"[{', '.join(literal(str(each.path)) for each in raw if each.table == table)}]",
            theirs=is_one_of(subjects),
        )
        for as_of, version, rows, customers, digest in lake.execute(query).fetchall():
            yield ErasedRecord("input", table, as_of, version, None, rows, customers, None, digest)


def _as_staging_reads(manifest: dict[str, Any], data_type: str, column: str) -> str:
    if data_type not in READ_BY:
        return column
    macro = READ_BY[data_type]
    code = manifest["macros"][f"macro.customer_predictions.{macro}"]["macro_sql"]
    return Template(f"{code}{{{{ {macro}(column) }}}}").render(column=column)
