"""DuckDB functions by which a build verifies files before it reads or serves them."""

import json
import os
from pathlib import Path  # noqa: TC003 - of a public attribute
from typing import Any

import duckdb

from python_scoring.integrity.data_files import Damage, DataFile, list_files, verify
from python_scoring.integrity.digests import file_sha256
from python_scoring.integrity.paths import WarehousePaths
from python_scoring.integrity.set_aside import landings, set_aside, with_their_slice

CATALOGUE = "__ducklake_metadata_lake."
VERIFY = "VERIFY_FILES"
NEWEST = 3  # partitions of snapshots and predictions: base, previous run, and one in reserve


class Verifier:
    """What one process knows of the lake's files: listed when it began, and digested since."""

    def __init__(self, paths: WarehousePaths, files: list[DataFile], damaged: list[Damage]) -> None:
        """`damaged` was found already, by size."""
        self.paths = paths
        self.files = files
        self.damaged = damaged
        self.digests: dict[Path, str] = {}  # of files that were committed since

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create `damaged_files`, `set_damaged_aside` and `digest_new_files`.

        They look into the catalogue through cursors of their own, and are called between
        transactions.
        """

        def damaged_files(served: str, is_due: bool) -> str:  # noqa: FBT001 - called by SQL
            found = self.find({tuple(each) for each in json.loads(served)}, is_due=is_due)
            if not found:
                return "[]"
            with connection.cursor() as catalog:
                return json.dumps([_described(catalog, each) for each in found])

        def set_damaged_aside(names: str) -> int:
            wanted = set(json.loads(names))
            damaged = [each for each in self.files if str(each.path) in wanted]
            gone = with_their_slice(damaged, self.files)
            with connection.cursor() as catalog:
                catalog.begin()
                set_aside(catalog, gone, CATALOGUE)
                catalog.commit()
            return len(gone)

        def digest_new_files() -> int:
            with connection.cursor() as catalog:
                return self.digest(list_files(catalog, self.paths, CATALOGUE, create=False))

        for function, types, result in (
            (damaged_files, ["varchar", "boolean"], "varchar"),
            (set_damaged_aside, ["varchar"], "bigint"),
            (digest_new_files, [], "bigint"),
        ):
            connection.create_function(
                function.__name__,
                function,
                types,  # type: ignore[arg-type]
                result,
                side_effects=True,
            )

    def find(self, served: set[tuple[str, ...]], *, is_due: bool) -> list[Damage]:
        """The damaged files of those that the build reads or serves, and all that are missing."""
        chosen = [each for each in self.files if _is_read(each, self.files, served, is_due=is_due)]
        found = {each.file.path: each for each in self.damaged}
        found |= {each.file.path: each for each in verify(chosen, content=True)}
        return list(found.values())

    def digest(self, files: list[DataFile]) -> int:
        """Digest files that were just committed; returns how many."""
        new = [file for file in files if file.sha256 is None and file.path not in self.digests]
        for file in new:
            self.digests[file.path] = file_sha256(file.path)
        return len(new)


def verifies_everything() -> bool:
    """Whether VERIFY_FILES asks for every file; the plugin refuses any other value than `all`."""
    return os.environ.get(VERIFY) == "all"


def _is_read(
    file: DataFile, files: list[DataFile], served: set[tuple[str, ...]], *, is_due: bool
) -> bool:
    if verifies_everything() or (file.name, file.partition) in served:
        return True
    if not is_due:
        return False
    if file.kind_of_table in ("predictions", "snapshots"):
        partitions = sorted({each.partition for each in files if each.name == file.name})
        return file.partition in partitions[-NEWEST:]
    return file.kind_of_table in ("raw", "derived")


def _described(catalog: duckdb.DuckDBPyConnection, damage: Damage) -> dict[str, Any]:
    file = damage.file
    first, last = (
        landings(catalog, file, CATALOGUE) if file.kind_of_table == "raw" else (None, None)
    )
    return {
        "kind": file.kind_of_table,
        "table_name": file.name,
        "product": file.table.partition("_")[2] if file.kind_of_table == "predictions" else None,
        "file": str(file.path),
        "problem": damage.problem,
        "message": str(damage),
        "slice": file.partition or None,
        "first_landing": first,
        "last_landing": last,
    }
