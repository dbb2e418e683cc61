"""Inventory of everything that holds the data subjects, counted before anything is changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from python_scoring.erasure import (
    event_files,
    inputs,
    landed_rows,
    raw_files,
    tables,
    working_set,
)
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.event_files import EventFile
from python_scoring.erasure.landed_rows import Day
from python_scoring.erasure.raw_files import RawFile
from python_scoring.erasure.tables import Holding, is_one_of
from python_scoring.erasure.tombstone import ErasedRecord, is_of_a_run
from python_scoring.project import Manifest, raw_sources
from python_scoring.raw.columns import rows_of
from python_scoring.raw.files import raw_files as files_of
from python_scoring.serving.customer_removal import Partition
from python_scoring.warehouse import Warehouse


@dataclass(frozen=True)
class Place:
    """Table or file that holds a data subject.

    `rows` are theirs, `texts` are rows or lines of others that name them.
    """

    kind: str
    name: str
    rows: int
    texts: int = 0

    def __str__(self) -> str:
        """A line of text."""
        counts = [f"{self.rows:,} row{'s' if self.rows != 1 else ''}"] if self.rows else []
        if self.texts:
            counts.append(f"the name in {self.texts:,} text{'s' if self.texts != 1 else ''}")
        return f"  {self.kind:<11}  {self.name}: {', '.join(counts)}"


@dataclass(frozen=True)
class Inventory:
    """Places that hold the data subjects.

    `longer_ids` are ids of other customers that contain an id of a data subject.
    """

    raw: list[RawFile]
    lake: list[Holding]
    working_set: list[Holding]
    events: list[EventFile]
    postgres: list[Partition]
    inputs: list[ErasedRecord]
    landed_days: list[Day]
    moved_orders: list[str]
    longer_ids: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no table and no file holds a data subject."""
        return not (self.raw or self.lake or self.working_set or self.events or self.postgres)

    @property
    def raw_rows(self) -> int:
        """Number of rows in the raw copies."""
        return sum(each.rows for each in self.raw)

    @property
    def served_rows(self) -> int:
        """Number of rows in the serving database."""
        return sum(each.rows for each in self.postgres)

    @property
    def texts(self) -> int:
        """Number of rows and lines of others that name a data subject."""
        named = sum(each.texts for each in self.lake + self.working_set)
        return named + sum(each.lines for each in self.events)

    @property
    def snapshot_rows(self) -> int:
        """Number of rows in the feature snapshots."""
        return sum(each.rows for each in self.lake if is_snapshot(each))

    def run_rows(self, *, quarantined: bool) -> int:
        """Number of rows in the predictions, published or in quarantine."""
        return sum(
            each.rows
            for each in self.lake
            if is_of_a_run(each) and ("reasons" in each.table.columns) == quarantined
        )

    @property
    def other_rows(self) -> int:
        """Number of rows in all other tables."""
        others = [each for each in self.lake if not is_of_a_run(each) and not is_snapshot(each)]
        return sum(each.rows for each in others + self.working_set)

    def places(self) -> Iterator[Place]:
        """Yield each table and file that holds a data subject."""
        for file in self.raw:
            yield Place("raw", str(file.path), file.rows)
        for place, holdings in (("lake", self.lake), ("working set", self.working_set)):
            for each in holdings:
                name = f"{each.table.schema}.{each.table.name}"
                yield Place(place, name, each.rows, each.texts)
        for events in self.events:
            yield Place("events", str(events.path), 0, events.lines)
        for partition in self.postgres:
            yield Place("served", f"serving_data.{partition.name}", partition.rows)


def is_snapshot(holding: Holding) -> bool:
    """Whether the table is features.feature_snapshots."""
    return (holding.table.schema, holding.table.name) == ("features", "feature_snapshots")


def collect(
    lake: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    raw_folder: Path,
    manifest: Manifest,
    postgres: list[Partition],
    subjects: DataSubjects,
) -> Inventory:
    """Search everything that the project keeps, but for the serving database.

    `lake` is a connection with the lake attached and the functions of `tables.register_functions`;
    `postgres` is what `customer_removal.find` found. Raises InputError where a raw file cannot be
    read or written, or the working set is in use.
    """
    sources = raw_sources(manifest)
    raw_tables = list(sources)
    raw = raw_files.find(lake, raw_folder, raw_tables, subjects)
    is_landed = landed_rows.are_there(lake)
    return Inventory(
        raw=raw,
        lake=list(tables.find(lake, "lake", subjects)),
        working_set=working_set.find(warehouse, subjects),
        events=event_files.find(warehouse.folder, subjects),
        postgres=postgres,
        inputs=list(
            landed_rows.erased_inputs(lake, sources, subjects)
            if is_landed
            else inputs.find(lake, raw, manifest, subjects)
        ),
        landed_days=landed_rows.days_of(lake, sources, subjects) if is_landed else [],
        moved_orders=raw_files.moved_orders(lake, raw_folder, subjects),
        longer_ids=_longer_ids(lake, raw_folder, raw_tables, subjects),
    )


def _longer_ids(
    lake: duckdb.DuckDBPyConnection, raw_folder: Path, raw_tables: list[str], subjects: DataSubjects
) -> tuple[str, ...]:
    if not subjects.distinctive:
        return ()
    sources = [rows_of(path) for table in raw_tables for path in files_of(raw_folder, table)]
    sources += [
        each.sql for each in tables.tables_of(lake, "lake") if "customer_id" in each.columns
    ]
    contains = tables.contains("customer_id", subjects.distinctive)
    found: set[str] = set()
    for source in sources:
        query = (
            f"select distinct trim(cast(customer_id as text)) from {source}"  # noqa: S608 - quoted
            f" where {contains} and not {is_one_of(subjects)}"
        )
        found |= {customer_id for (customer_id,) in lake.execute(query).fetchall()}
    return tuple(sorted(found))
