"""Tombstone of an erasure: who requested it and why, and how many rows were erased where.

Neither table holds a customer id. `replay` uses `erased_records` to compare with the rows that
remain.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import duckdb

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.tables import Holding, is_one_of
from python_scoring.project import Manifest
from python_scoring.project.sql_macros import digest_sums, expression
from python_scoring.project.sql_text import identifier

SUMS = ("first_sum", "second_sum")

# The digests of a snapshot with and without the rows of the data subjects. Each erasure compares
# the first with snapshot_manifest.
SNAPSHOT = """
with rows as (
    select customer_id, {theirs} as is_theirs, {text} as row_text
    from lake.features.feature_snapshots
    where as_of = ? and feature_version = ?
),

numbers as (
    select
        is_theirs,
        count(*) as row_count,
        count(distinct case when is_theirs then trim(customer_id, e' \\t\\r\\n') end) as customers,
        {first_sum} as first_sum,
        {second_sum} as second_sum
    from rows
    group by is_theirs
)

select
    max(row_count) filter (where is_theirs),
    max(customers),
    {digest_before},
    {digest_after}
from numbers
"""
RECORDED = """
select as_of, feature_version, feature_snapshot_id from lake.operations.snapshot_manifest
union all
select as_of, feature_version, feature_snapshot_id_after
from lake.operations.erased_records
where kind = 'snapshot'
"""


@dataclass(frozen=True)
class Erasure:
    """Row of lake.operations.erasures. `erased_at` is naive UTC."""

    erasure_id: str
    erased_at: datetime
    requested_by: str
    reason: str
    customers: int
    raw_rows: int
    snapshot_rows: int
    prediction_rows: int
    quarantine_rows: int
    other_rows: int
    texts_rewritten: int
    served_rows: int


@dataclass(frozen=True)
class ErasedRecord:
    """Row of lake.operations.erased_records, without its erasure_id.

    `content_digest`, of the raw rows that an input loses, is for `inputs.restate` and not stored.
    """

    kind: str
    source: str
    as_of: datetime
    feature_version: str | None
    run_id: str | None
    rows_erased: int
    customers_erased: int
    feature_snapshot_id_after: str | None
    content_digest: str | None = None


def make_tables(lake: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Create the two tables as the project declares them, where no build has created them."""
    for name in ("erasures", "erased_records"):
        columns = manifest["sources"][f"source.customer_predictions.operations.{name}"]["columns"]
        definitions = ", ".join(
            f"{identifier(column)} {each['data_type']}" for column, each in columns.items()
        )
        lake.execute(f"create table if not exists lake.operations.{name} ({definitions})")


def is_written(lake: duckdb.DuckDBPyConnection, erasure_id: str) -> bool:
    """Whether the lake has this erasure's tombstone; the data subjects' rows are gone then."""
    found = lake.execute(
        "select 1 from lake.operations.erasures where erasure_id = ?", [erasure_id]
    ).fetchone()
    return found is not None


def write(lake: duckdb.DuckDBPyConnection, erasure: Erasure, records: list[ErasedRecord]) -> None:
    """Insert the tombstone; call it in the transaction that deletes the rows."""
    names = ", ".join(field.name for field in fields(Erasure))
    lake.execute(
        f"insert into lake.operations.erasures ({names}) values ({_marks(Erasure)})",  # noqa: S608 - constants
        list(astuple(erasure)),
    )
    stored = [field.name for field in fields(ErasedRecord) if field.name != "content_digest"]
    marks = ", ".join("?" for _ in stored)
    for record in records:
        lake.execute(
            f"insert into lake.operations.erased_records (erasure_id, {', '.join(stored)})"  # noqa: S608 - constants
            f" values (?, {marks})",
            [erasure.erasure_id, *(getattr(record, name) for name in stored)],
        )


def snapshot_records(
    lake: duckdb.DuckDBPyConnection, subjects: DataSubjects, features: list[str]
) -> Iterator[ErasedRecord]:
    """Yield the loss of each feature snapshot, with the digest of the remaining rows.

    `features` are the declared feature names, in order. A snapshot of an older feature version has
    null in features added since. The recorded digest decides which features its digest covers.
    """
    digests = set(lake.execute(RECORDED).fetchall())  # from the build, or from an earlier erasure
    table = lake.table("lake.features.feature_snapshots").columns
    declared = [name for name in features if name in table]
    keys = lake.execute(
        "select distinct as_of, feature_version from lake.features.feature_snapshots"  # noqa: S608 - quoted
        f" where {is_one_of(subjects)} order by all"
    ).fetchall()
    for as_of, version in keys:
        filled_names = _filled(lake, declared, as_of, version)
        for names in (declared, filled_names):
            rows, customers, whole, rest = _digests(lake, subjects, names, as_of, version)
            if (as_of, version, whole) in digests:
                break
        else:
            rest = None
        yield ErasedRecord(
            "snapshot", "feature_snapshots", as_of, version, None, rows, customers, rest
        )


def run_records(
    lake: duckdb.DuckDBPyConnection, subjects: DataSubjects, holdings: list[Holding]
) -> Iterator[ErasedRecord]:
    """Yield the loss of each run, in predictions and in quarantine."""
    for holding in holdings:
        if not is_of_a_run(holding):
            continue
        found = lake.execute(
            "select as_of, feature_version, run_id, count(*), count(distinct customer_id)"  # noqa: S608 - quoted
            f" from {holding.table.sql} where {is_one_of(subjects)} group by all order by all"
        )
        for as_of, version, run_id, rows, customers in found.fetchall():
            yield ErasedRecord(
                "run", holding.table.name, as_of, version, run_id, rows, customers, None
            )


def is_of_a_run(holding: Holding) -> bool:
    """Whether the table holds predictions of runs, published or in quarantine."""
    return {"prediction_id", "run_id", "as_of", "customer_id"} <= holding.table.columns.keys()


def _filled(
    lake: duckdb.DuckDBPyConnection, names: list[str], as_of: datetime, version: str
) -> list[str]:
    counts = ", ".join(f"count({identifier(name)})" for name in names) or "0"
    found = lake.execute(
        f"select {counts} from lake.features.feature_snapshots"  # noqa: S608 - quoted
        " where as_of = ? and feature_version = ?",
        [as_of, version],
    ).fetchall()[0]
    return [name for name, count in zip(names, found, strict=False) if count]


def _digests(
    lake: duckdb.DuckDBPyConnection,
    subjects: DataSubjects,
    names: list[str],
    as_of: datetime,
    version: str,
) -> tuple[int, int, str, str]:
    """Rows and customers that a snapshot loses, its present digest, and the digest afterwards."""
    text = expression("snapshot_row_text", names)
    query = SNAPSHOT.format(
        theirs=is_one_of(subjects),
        text=text,
        digest_before=expression(
            "digest_of_sums", *(f"sum({each})" for each in ("row_count", *SUMS))
        ),
        digest_after=expression(
            "digest_of_sums",
            "coalesce(sum(row_count) filter (where not is_theirs), 0)",
            *(f"sum({each}) filter (where not is_theirs)" for each in SUMS),
        ),
        **digest_sums(),
    )
    [(rows, customers, whole, rest)] = lake.execute(query, [as_of, version]).fetchall()
    return rows, customers, whole, rest


def _marks(kind: type) -> str:
    return ", ".join("?" for _ in fields(kind))
