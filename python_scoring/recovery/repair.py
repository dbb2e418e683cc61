"""Ways back that a person decides on: the catalogue's copy, a new working set, a new identity."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from python_scoring.clock import utc_now
from python_scoring.errors import InputError
from python_scoring.integrity import catalogue, record
from python_scoring.integrity.digests import file_sha256
from python_scoring.integrity.record import Record
from python_scoring.warehouse import Warehouse

JOURNAL = "repairs.log"


def repair_catalog(warehouse: Warehouse, by: str, reason: str) -> str:
    """Put back the copy of the catalogue that the last writer kept; returns what was done.

    The present one is kept beside it. Raises InputError where there is no intact copy, or while a
    build runs.
    """
    with _alone(warehouse):
        known = record.read(warehouse.record)
        copy = warehouse.catalog_copy
        if known is None or not copy.exists():
            raise InputError(
                f"{copy} is not there: restore lake.sqlite and lake/ from one backup. Nothing was "
                "changed."
            )
        if file_sha256(copy) != known.copy_sha256:
            raise InputError(
                f"{copy} is damaged as well: restore lake.sqlite and lake/ from one backup. "
                "Nothing was changed."
            )
        kept = [_aside(path) for path in catalogue.files_of(warehouse.catalog)]
        unfinished = warehouse.folder / f"{warehouse.catalog.name}.new"
        shutil.copyfile(copy, unfinished)
        with catalogue.opened(unfinished) as catalog:
            catalog.execute("pragma journal_mode = wal").fetchall()
        unfinished.replace(warehouse.catalog)
        record.write(warehouse.record, replace(known, is_open=True))
        catalogue.seal(warehouse)
        _note(warehouse, "catalogue", by, reason)
        former = f"; the former one is {kept[0]}" if kept else ""
        return f"{warehouse.catalog} is as the last build or command left it{former}."


def repair_working_set(warehouse: Warehouse, by: str, reason: str) -> str:
    """Put the working set aside; the next build makes it anew. Returns what was done."""
    with _alone(warehouse):
        known = record.read(warehouse.record)
        if known is None:
            raise InputError(
                f"{warehouse.record} is not there: no build has given this warehouse an identity. "
                "Nothing was changed."
            )
        files = [warehouse.working_set, warehouse.folder / f"{warehouse.working_set.name}.wal"]
        kept = [_aside(path) for path in files if path.exists()]
        record.write(warehouse.record, replace(known, working_set_may_be_missing=True))
        _note(warehouse, "working set", by, reason)
        former = f"the former one is {kept[0]}, yours to delete" if kept else "it was missing"
        return f"The next build makes {warehouse.working_set} anew; {former}."


def repair_identity(warehouse: Warehouse, by: str, reason: str) -> str:
    """Declare catalogue and data folder to belong together, as they are now.

    What the catalogue does not know stays unknown; its files are left alone.
    """
    with _alone(warehouse):
        if not warehouse.catalog.exists():
            raise InputError(f"{warehouse.catalog} is missing: nothing was changed.")
        with catalogue.opened(warehouse.catalog) as catalog:
            warehouse_id = catalogue.read_identity(catalog) or str(uuid.uuid4())
            catalogue.write_identity(catalog, warehouse_id)
        record.write(warehouse.record, Record(warehouse_id, working_set_may_be_missing=True))
        catalogue.seal(warehouse)
        _note(warehouse, "identity", by, reason)
        return (
            f"{warehouse.catalog} and {warehouse.data_folder} are warehouse {warehouse_id} as they "
            "are now. Run customer-predictions doctor, then dbt build."
        )


@contextmanager
def _alone(warehouse: Warehouse) -> Iterator[None]:
    if not warehouse.folder.is_dir():
        raise InputError(f"{warehouse.folder} is no folder: set WAREHOUSE. Nothing was changed.")
    with warehouse.written_alone("Nothing was changed."):
        yield


def _aside(path: Path) -> Path:
    kept = path.with_name(f"{path.name}.{utc_now():%Y%m%d%H%M%S}")
    path.replace(kept)
    return kept


def _note(warehouse: Warehouse, half: str, by: str, reason: str) -> None:
    with (warehouse.folder / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write(f"{utc_now():%Y-%m-%dT%H:%M:%S}Z\t{half}\t{by}\t{' '.join(reason.split())}\n")
