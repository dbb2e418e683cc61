"""What each input snapshot loses with the person's raw rows: how many, and their digest's part.

The digest of an input (`lake.operations.snapshot_inputs`) is two sums over its rows, so that what
went can be subtracted from what was recorded, and what remains be compared.
"""

from collections.abc import Iterator
from typing import Any

import duckdb

from python_scoring.erasure.people import People
from python_scoring.erasure.raw_files import RawFile
from python_scoring.erasure.tables import identifier, is_one_of, literal
from python_scoring.erasure.tombstone import ErasedRecord

# The text of a row as macros/lineage/inputs.sql has it, with values as staging reads them.
VALUES = {
    "text": "{column}",
    "timestamp": """case
        when typeof({column}) = 'VARCHAR' then
            case when isfinite(try_cast({column} as timestamptz))
                then cast(try_cast({column} as timestamptz) as timestamp) end
        when isfinite(try_cast({column} as timestamp)) then try_cast({column} as timestamp)
    end""",
    "decimal": "try_cast({column} as decimal(18, 2))",
    "integer": """case
        when try_cast({column} as double) = try_cast({column} as integer)
        then try_cast({column} as integer)
    end""",
}
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
    lake: duckdb.DuckDBPyConnection, raw: list[RawFile], sources: dict[str, Any], people: People
) -> Iterator[ErasedRecord]:
    """A record for each raw table and snapshot that it was read for; `sources` are declared."""
    for table in sorted({each.table for each in raw}):
        values = {
            name: VALUES[column["data_type"]].format(column=identifier(name))
            for name, column in sources[table]["columns"].items()
        }
        query = INPUTS.format(
            loaded_at=values["loaded_at"],
            values=", ".join(f"coalesce(cast({each} as text), '')" for each in values.values()),
            files=f"[{', '.join(literal(str(each.path)) for each in raw if each.table == table)}]",
            theirs=is_one_of(people),
        )
        for as_of, version, rows, customers, digest in lake.execute(query).fetchall():
            yield ErasedRecord("input", table, as_of, version, None, rows, customers, None, digest)
