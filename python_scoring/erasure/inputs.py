"""Erased part of each recorded input, and the recorded inputs restated without it.

The digest of an input (`lake.operations.snapshot_inputs`) is two sums over its rows. An erasure
subtracts the erased part and keeps it nowhere: the part of one customer would be the digest of
their rows, by which an old export could be searched for them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.raw_files import RawFile
from python_scoring.erasure.tables import is_one_of
from python_scoring.erasure.tombstone import ErasedRecord
from python_scoring.lineage.input_digests import without
from python_scoring.project import Manifest, raw_sources
from python_scoring.project.sql_macros import digest_sums, expression
from python_scoring.raw.columns import path_literal

RECORDED = """
select content_digest from lake.operations.snapshot_inputs
where source = ? and as_of = ? and feature_version = ?
"""
RESTATE = """
update lake.operations.snapshot_inputs
set row_count = row_count - ?, content_digest = ?
where source = ? and as_of = ? and feature_version = ?
"""

INPUTS = """
with theirs as (
    select
        trim(cast(customer_id as text), e' \\t\\r\\n') as customer_id,
        {loaded_at} as loaded_at,
        {row_text} as row_text
    from (
        select *, true as has_loaded_at from read_parquet({files}, hive_partitioning => false)
    ) as raw_rows
    where {theirs}
)

select
    as_of, feature_version, count(*), count(distinct customer_id),
    {input_digest}
from theirs
inner join lake.operations.snapshot_manifest as manifest on theirs.loaded_at < manifest.data_cutoff
group by all
order by all
"""


def find(
    lake: duckdb.DuckDBPyConnection,
    raw: list[RawFile],
    manifest: Manifest,
    subjects: DataSubjects,
) -> Iterator[ErasedRecord]:
    """Yield an erased record for each raw table and snapshot that read one of the raw rows.

    `lake` is a connection with the lake attached, `raw` the raw files that hold a data subject.
    """
    sources = raw_sources(manifest)
    for table in sorted({each.table for each in raw}):
        query = INPUTS.format(
            loaded_at=expression("as_instant", "loaded_at"),
            row_text=expression("raw_row_text", sources[table]),
            files=f"[{', '.join(path_literal(each.path) for each in raw if each.table == table)}]",
            theirs=is_one_of(subjects),
            **digest_sums(),
        )
        for as_of, version, rows, customers, digest in lake.execute(query).fetchall():
            yield ErasedRecord("input", table, as_of, version, None, rows, customers, None, digest)


@dataclass(frozen=True)
class Restated:
    """A recorded input without the rows that were erased from it."""

    source: str
    as_of: datetime
    feature_version: str | None
    rows_erased: int
    recorded: str  # its digest now
    rest: str  # and without them


def restated(lake: duckdb.DuckDBPyConnection, erased: Iterable[ErasedRecord]) -> list[Restated]:
    """The recorded inputs that lose parts: those of this erasure, and what earlier ones left."""
    parts: dict[tuple[str, datetime, str | None], list[ErasedRecord]] = defaultdict(list)
    for record in [*_left_by_former(lake), *erased]:
        if record.content_digest:
            parts[record.source, record.as_of, record.feature_version].append(record)
    found = []
    for (source, as_of, version), lost in parts.items():
        recorded = lake.execute(RECORDED, [source, as_of, version]).fetchone()
        if recorded:
            rest = without(recorded[0], (str(each.content_digest) for each in lost))
            rows = sum(each.rows_erased for each in lost)
            found.append(Restated(source, as_of, version, rows, recorded[0], rest))
    return found


def restate(lake: duckdb.DuckDBPyConnection, erased: Iterable[ErasedRecord]) -> None:
    """Subtract erased parts from the recorded inputs, in the transaction of the tombstone."""
    for each in restated(lake, erased):
        lake.execute(
            RESTATE,
            [each.rows_erased, each.rest, each.source, each.as_of, each.feature_version],
        )
    if _left_by_former(lake):
        lake.execute("update lake.operations.erased_records set content_digest = null")


def _left_by_former(lake: duckdb.DuckDBPyConnection) -> list[ErasedRecord]:
    """Parts that are in tombstones of versions before 0.2, and still in the recorded inputs."""
    if "content_digest" not in lake.table("lake.operations.erased_records").columns:
        return []
    found = lake.execute(
        "select kind, source, as_of, feature_version, run_id, rows_erased, customers_erased,"
        " feature_snapshot_id_after, content_digest from lake.operations.erased_records"
        " where content_digest is not null order by all"
    )
    return [ErasedRecord(*row) for row in found.fetchall()]
