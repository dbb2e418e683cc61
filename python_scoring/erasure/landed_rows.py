"""Landed rows: what an erasure takes from the recorded inputs, and the records of landing restated.

The rows themselves are deleted as those of any table of the lake (`tables`). The digests by file
and load day are computed again from the rows that remain: no digest of an erased row is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.raw_files import RawFile
from python_scoring.erasure.tables import is_one_of
from python_scoring.erasure.tombstone import ErasedRecord
from python_scoring.project.sql_macros import digest_sums, expression
from python_scoring.raw.files import FileState

IS_LANDED = """
select count(*) = 3 from duckdb_tables()
where database_name = 'lake' and schema_name = 'raw'
    and table_name in ('customers', 'events', 'orders')
"""
TEXTS = """
select landed.customer_id, landed.landed_in, landed.landed_file, landed.loaded_at,
    coalesce(landed.source_text, {row_text}) as row_text
from lake.raw.{table} as landed
inner join lake.operations.landed_files as files
    on landed.landed_in = files.landing and landed.landed_file = files.file
    and files.source = '{table}'
union all
select customer_id, landed_in, landed_file, loaded_at, source_text
from lake.operations.rejected_rows
where source = '{table}' and not is_landed
"""
INPUTS = """
select
    manifest.as_of, manifest.feature_version, count(*), count(distinct customer_id),
    {input_digest}
from ({texts}) as texts
inner join lake.operations.snapshot_manifest as manifest on texts.loaded_at < manifest.data_cutoff
where {theirs}
group by all
order by all
"""
DAYS = """
select distinct landed_in, landed_file, cast(loaded_at as date)
from ({texts}) as texts
where {theirs}
"""
SOME_DAYS = """
(
    select unnest($landings::bigint[]) as landing, unnest($files::text[]) as file,
        unnest($load_days::date[]) as load_day
)
"""
FORGET_DAYS = """
delete from lake.operations.landed_days using {days} as days
where landed_days.source = '{table}' and landed_days.landing = days.landing
    and landed_days.file = days.file
    and landed_days.load_day is not distinct from days.load_day
"""
RESTATE_DAYS = """
insert into lake.operations.landed_days (
    landing, source, file, load_day, row_count, first_loaded_at, last_loaded_at,
    first_sum, second_sum
)
select
    days.landing, '{table}', days.file, days.load_day, count(*), min(loaded_at), max(loaded_at),
    {first_sum}, {second_sum}
from ({texts}) as texts
inner join {days} as days
    on texts.landed_in = days.landing and texts.landed_file = days.file
    and cast(texts.loaded_at as date) is not distinct from days.load_day
group by all
order by all
"""
RESTATE_FILES = """
update lake.operations.landed_files
set
    row_count = coalesce(days.row_count, 0),
    content_digest = days.content_digest
from (
    select files.landing, files.source, files.file, sum(days.row_count) as row_count,
        {digest} as content_digest
    from lake.operations.landed_files as files
    left join lake.operations.landed_days as days using (landing, source, file)
    where files.source = ? and files.file = ? and files.change <> 'vanished'
    group by all
) as days
where landed_files.landing = days.landing and landed_files.source = days.source
    and landed_files.file = days.file
"""
SET_STATE = """
update lake.operations.landed_files
set size_bytes = ?, modified_at = ?, tail_digest = ?
where source = ? and file = ?
"""


@dataclass(frozen=True)
class Day:
    """Rows of one file and landing that were loaded on one day."""

    source: str
    landing: int
    file: str
    load_day: date | None


def are_there(lake: duckdb.DuckDBPyConnection) -> bool:
    """Whether raw files were landed in this lake: not before the first build that lands them."""
    return bool(lake.execute(IS_LANDED).fetchall()[0][0])


def erased_inputs(
    lake: duckdb.DuckDBPyConnection, sources: Mapping[str, Any], subjects: DataSubjects
) -> Iterator[ErasedRecord]:
    """Yield an erased record for each raw table and snapshot that read one of the rows.

    `sources` are the raw tables as the project declares them.
    """
    for table, source in sources.items():
        query = INPUTS.format(
            texts=_texts(table, source), theirs=is_one_of(subjects), **digest_sums()
        )
        for as_of, version, rows, customers, digest in lake.execute(query).fetchall():
            yield ErasedRecord("input", table, as_of, version, None, rows, customers, None, digest)


def days_of(
    lake: duckdb.DuckDBPyConnection, sources: Mapping[str, Any], subjects: DataSubjects
) -> list[Day]:
    """The days of landing that hold rows of the data subjects."""
    return [
        Day(table, *found)
        for table, source in sources.items()
        for found in lake.execute(
            DAYS.format(texts=_texts(table, source), theirs=is_one_of(subjects))
        ).fetchall()
    ]


def restate(lake: duckdb.DuckDBPyConnection, sources: Mapping[str, Any], days: list[Day]) -> None:
    """Compute the records of some days again from the rows that are there now."""
    for table, source in sources.items():
        of_table = [day for day in days if day.source == table]
        if not of_table:
            continue
        chosen = {
            "landings": [day.landing for day in of_table],
            "files": [day.file for day in of_table],
            "load_days": [day.load_day for day in of_table],
        }
        lake.execute(FORGET_DAYS.format(table=table, days=SOME_DAYS), chosen)
        texts = _texts(table, source)
        lake.execute(
            RESTATE_DAYS.format(table=table, texts=texts, days=SOME_DAYS, **digest_sums()), chosen
        )
    digest = expression("input_digest", "sum(days.first_sum)", "sum(days.second_sum)")
    for source, file in sorted({(day.source, day.file) for day in days}):
        lake.execute(RESTATE_FILES.format(digest=digest), [source, file])


def record_states(lake: duckdb.DuckDBPyConnection, folder: Path, files: list[RawFile]) -> None:
    """Record that the raw files, written anew, are those that were landed."""
    for file in files:
        state = FileState.of(file.path)
        name = str(file.path.relative_to(folder))
        changes = [state.size, state.modified_at, state.tail_digest]
        lake.execute(SET_STATE, [*changes, file.table, name])


def _texts(table: str, source: Mapping[str, Any]) -> str:
    return TEXTS.format(table=table, row_text=expression("raw_row_text", source))
