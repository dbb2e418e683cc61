"""Steps of an erasure, in order.

Sources are erased before what is derived from them, so that a build after a crash restores no one.
The rows of the lake are deleted and the tombstone is written in one transaction. Every step is
idempotent.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property
from typing import Any

import duckdb

from python_scoring.clock import clock
from python_scoring.erasure import (
    event_files,
    inputs,
    inventory,
    lake_files,
    landed_rows,
    raw_files,
    statements,
    tables,
    tombstone,
    verification,
    working_set,
)
from python_scoring.erasure.checkpoint import Checkpoint, Journal
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.inventory import Inventory
from python_scoring.errors import ArgumentError, InputError, PredictionError
from python_scoring.integrity import catalogue
from python_scoring.project import Manifest, feature_types, parsed_manifest, raw_sources
from python_scoring.project.sql_text import literal
from python_scoring.raw.files import raw_data_folder
from python_scoring.serving import customer_removal
from python_scoring.warehouse import Warehouse, connect_lake, require_lake

Echo = Callable[[str], None]


OPERATOR_TASKS = """\
Yours to do, outside of what the project keeps:
  - the systems that deliver RAW_DATA: what they deliver again comes back with the next build
  - dbt's target/ and logs/, reports, exports, seeds and their history in git
  - backups and copies of RAW_DATA and of the warehouse"""
OPERATOR_TASKS_POSTGRES = """\
  - PostgreSQL's own log (statements hold the ids that somebody looked up): its files, once a build
    has begun another one; its archived and recycled WAL segments, replicas and backups"""


class Erasure:
    """One call of the command: the data subjects, and the places to search."""

    def __init__(self, subjects: DataSubjects, echo: Echo) -> None:
        """Use the warehouse, raw data and serving database that the environment names.

        Raises InputError where RAW_DATA is no folder.
        """
        self.subjects = subjects
        self.echo = echo
        self.warehouse = Warehouse.from_environment()
        self.raw_folder = raw_data_folder()
        self.dsn = os.environ.get("SERVING_DSN") or None
        self.journal = Journal(self.warehouse.folder)
        if not self.raw_folder.is_dir():
            raise InputError(
                f"RAW_DATA={self.raw_folder} is not a folder, so the raw copies cannot be "
                "searched. Set RAW_DATA to the folder that builds read."
            )
        self._operator_statements: list[str] = []

    @cached_property
    def manifest(self) -> Manifest:
        """The parsed project: raw tables, features in order, columns of the tombstone."""
        return parsed_manifest()

    def preview(self) -> dict[str, Any]:
        """Report what would be erased, also as JSON types; changes nothing.

        Raises InputError while a build runs.
        """
        manifest = self.manifest
        with self._writer_lock():
            found = self._inventory(manifest)
            record = {
                "customers": len(self.subjects.customer_ids),
                "places": [asdict(place) for place in found.places()],
                "moved_orders": found.moved_orders,
            }
            if found.is_empty:
                self._report_absence(found)
                return record
            self.echo(f"{self._customer_count()} would be erased from:")
            self._report_inventory(found)
            self.echo("Nothing was erased: this is a dry run.")
            return record

    def erase(self, requested_by: str, reason: str) -> None:
        """Remove the data subjects everywhere, and write the tombstone.

        Raises InputError while a build runs or for a reason that names a data subject, and
        PredictionError where a file still holds one of them at the end. The same command, run
        again, continues from there.
        """
        self._check_texts(requested_by=requested_by, reason=reason)
        manifest = self.manifest  # dbt takes seconds to parse; no build waits meanwhile
        with self._writer_lock():
            checkpoint = self.journal.of(self.subjects)
            raw_files.remove_unfinished(self.raw_folder, list(raw_sources(manifest)))
            found = self._inventory(manifest)
            if found.is_empty and not checkpoint and self._report_absence(found):
                return
            checkpoint = self._write_checkpoint(checkpoint, found, requested_by, reason)
            self.echo(f"{self._customer_count()}: erasure {checkpoint.erasure_id}, from:")
            self._report_inventory(found)
            self.warehouse.catalog_copy.unlink(missing_ok=True)  # it holds the person too
            self._remove(checkpoint, found)
            self._verify(found)
            self.journal.remove()
            catalogue.seal(self.warehouse)
        self.echo(f"Erased; the tombstone is in lake.operations.erasures: {checkpoint.erasure_id}")
        self._report_operator_tasks()

    def _remove(self, checkpoint: Checkpoint, found: Inventory) -> None:
        subjects = self.subjects
        self.echo("1/5 raw copies")
        for file in found.raw:
            raw_files.erase(file, subjects)
        self.echo("2/5 working set, events of lineage")
        working_set.erase(self.warehouse, subjects)
        event_files.erase(self.warehouse.folder, subjects, self._restated_digests(checkpoint))
        self.echo("3/5 lake: rows, and the tombstone")
        with self._lake(read_only=False) as lake:
            self._remove_from_lake(lake, checkpoint, found)
            self.echo("4/5 lake: files and catalog")
            lake_files.rewrite(lake)
        lake_files.wait_for_readers(self.warehouse)
        with self._lake(read_only=False) as lake:
            lake_files.let_go(lake)
        lake_files.clean_catalog(self.warehouse, subjects)
        self.echo(
            "5/5 serving database"
            if self.dsn
            else "5/5 no serving database: SERVING_DSN is not set"
        )
        if self.dsn:
            self._operator_statements = customer_removal.remove(self.dsn, subjects.customer_ids)

    def _restated_digests(self, checkpoint: Checkpoint) -> dict[str, str]:
        """The digests to which recorded inputs will be restated, by their present digests."""
        with self._lake(read_only=True) as lake:
            if tombstone.is_written(lake, checkpoint.erasure_id):
                return {}
            return {each.recorded: each.rest for each in inputs.restated(lake, checkpoint.inputs)}

    def _remove_from_lake(
        self, lake: duckdb.DuckDBPyConnection, checkpoint: Checkpoint, found: Inventory
    ) -> None:
        features = list(feature_types(self.manifest))
        lake.begin()
        try:
            if not tombstone.is_written(lake, checkpoint.erasure_id):
                records = [
                    *checkpoint.inputs,
                    *tombstone.snapshot_records(lake, self.subjects, features),
                    *tombstone.run_records(lake, self.subjects, found.lake),
                ]
                tombstone.write(lake, self._tombstone(checkpoint, found), records)
                inputs.restate(lake, checkpoint.inputs)
            for holding in found.lake:
                tables.erase(lake, self.subjects, holding)
            statements.forget(lake)
            if landed_rows.are_there(lake):
                landed_rows.restate(lake, raw_sources(self.manifest), found.landed_days)
                landed_rows.record_states(lake, self.raw_folder, found.raw)
            lake.commit()
        except BaseException as error:
            with suppress(duckdb.Error):
                lake.rollback()
            if isinstance(error, duckdb.Error):
                raise PredictionError(
                    f"the lake could not be written to: {error}. Another process may have written "
                    "to it. Run the same command again; it goes on from here."
                ) from error
            raise

    def _tombstone(self, checkpoint: Checkpoint, found: Inventory) -> tombstone.Erasure:
        return tombstone.Erasure(
            erasure_id=checkpoint.erasure_id,
            erased_at=clock(),
            requested_by=checkpoint.requested_by,
            reason=checkpoint.reason,
            customers=len(self.subjects.customer_ids),
            raw_rows=checkpoint.raw_rows,
            snapshot_rows=found.snapshot_rows,
            prediction_rows=found.run_rows(quarantined=False),
            quarantine_rows=found.run_rows(quarantined=True),
            other_rows=checkpoint.other_rows,
            texts_rewritten=checkpoint.texts_rewritten,
            served_rows=checkpoint.served_rows,
        )

    def _write_checkpoint(
        self, checkpoint: Checkpoint | None, found: Inventory, requested_by: str, reason: str
    ) -> Checkpoint:
        """Write the checkpoint, new or of an interrupted erasure, before anything is changed."""
        with self._lake(read_only=False) as lake:
            tombstone.make_tables(lake, self.manifest)
            is_written = checkpoint is not None and tombstone.is_written(
                lake, checkpoint.erasure_id
            )
        has_come_back = is_written and bool(found.raw or found.lake)
        if checkpoint is None or has_come_back:
            checkpoint = Checkpoint.new(self.subjects, clock(), requested_by, reason)
        checkpoint = checkpoint.with_found(
            raw=found.raw_rows,
            other=found.other_rows,
            texts=found.texts,
            served=found.served_rows,
            inputs=found.inputs,
        )
        self.journal.write(checkpoint)
        return checkpoint

    def _inventory(self, manifest: Manifest) -> Inventory:
        in_postgres = (
            customer_removal.find(self.dsn, self.subjects.customer_ids) if self.dsn else []
        )
        with self._lake(read_only=True) as lake:
            lake.begin()  # one snapshot for all queries
            return inventory.collect(
                lake, self.warehouse, self.raw_folder, manifest, in_postgres, self.subjects
            )

    @contextmanager
    def _lake(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with connect_lake(self.warehouse, read_only=read_only, inlines=False) as lake:
            spill = literal(str(self.warehouse.folder / "spill"))
            lake.execute(f"set temp_directory = {spill}")
            tables.register_functions(lake, self.subjects)
            yield lake

    @contextmanager
    def _writer_lock(self) -> Iterator[None]:
        """Hold the warehouse's writer lock.

        Raises InputError while a build runs, or where nothing was built.
        """
        require_lake(self.warehouse)  # before the lock, which would create the folder
        with self.warehouse.written_alone("Nothing was erased."):
            yield

    def _check_texts(self, **texts: str) -> None:
        for name, text in texts.items():
            if not text.strip():
                raise ArgumentError(
                    f"--{name.removeprefix('requested_')} is blank: the tombstone says who asked "
                    "for the erasure, and why. Nothing was erased."
                )
            if self.subjects.are_named_in(text) or text.strip() in self.subjects.customer_ids:
                raise InputError(
                    f"--{name.removeprefix('requested_')} names the person, and would stay in the "
                    "tombstone. Use the number of the request instead. Nothing was erased."
                )

    def _verify(self, found: Inventory) -> None:
        holding = self._remaining_files(found)
        if holding:
            raise PredictionError(
                "these files still hold the person: " + ", ".join(holding) + ". The project does "
                "not know what they are, or they were written during the erasure: remove them or "
                "the person in "
                "them, and run the same command again."
            )

    def _remaining_files(self, found: Inventory) -> list[str]:
        folders = [self.raw_folder, self.warehouse.folder]
        return verification.search(folders, self.subjects, found.longer_ids)

    def _report_absence(self, found: Inventory) -> bool:
        """Report that nothing holds the data subjects; returns whether that is so."""
        holding = self._remaining_files(found)
        if holding:
            self.echo("No table holds them, but bytes of the files still do: " + ", ".join(holding))
            return False
        where = [str(self.raw_folder), str(self.warehouse.folder)]
        where += ["the serving database"] if self.dsn else []
        self.echo(
            f"{self._customer_count()}: nothing holds them in {', '.join(where)}; every file was "
            "read."
        )
        self._report_unsearched_ids()
        return True

    def _report_inventory(self, found: Inventory) -> None:
        for place in found.places():
            self.echo(str(place))
        if found.moved_orders:
            self.echo(
                f"  {len(found.moved_orders)} orders had been moved to them from another customer, "
                "and count again for that one from the next build on, unless they are corrected "
                f"once more: {', '.join(found.moved_orders)}"
            )

    def _report_operator_tasks(self) -> None:
        self._report_unsearched_ids()
        self.echo(OPERATOR_TASKS)
        if self.dsn:
            self.echo(OPERATOR_TASKS_POSTGRES)
        for each in self._operator_statements:
            self.echo(f"  - as PostgreSQL's operator, in this database: {each}")

    def _report_unsearched_ids(self) -> None:
        vague = set(self.subjects.customer_ids) - set(self.subjects.distinctive)
        if vague:
            self.echo(
                f"{', '.join(sorted(vague))}: as a short id, a word or a number, it was looked for "
                "in columns and records named customer_id, and in no other text or bytes."
            )

    def _customer_count(self) -> str:
        number = len(self.subjects.customer_ids)
        return f"{number} customer{'s' if number != 1 else ''}"


def erase(customer_ids: tuple[str, ...], requested_by: str, reason: str, echo: Echo) -> None:
    """Remove customers from everything that the project keeps; raises as `Erasure.erase` does."""
    Erasure(DataSubjects.of(customer_ids), echo).erase(requested_by, reason)


def preview(customer_ids: tuple[str, ...], echo: Echo) -> dict[str, Any]:
    """Report what an erasure would remove; returns and raises as `Erasure.preview` does."""
    return Erasure(DataSubjects.of(customer_ids), echo).preview()
