"""Acceptance of a raw file whose history changed: a person's decision that the next build follows.

The build removes the rows that were landed from the file and lands it anew. Replays of runs that
read the previous rows then report the input as different, and nothing else.
"""

from pathlib import Path

import duckdb

from python_scoring.clock import clock
from python_scoring.errors import InputError
from python_scoring.raw.files import FileState
from python_scoring.warehouse import Warehouse, connect_lake, write_to_lake

LANDED = """
select distinct source from lake.operations.landed_files where file = ?
"""
KNOWN = "select distinct file from lake.operations.landed_files order by file"
RECORD = """
insert into lake.operations.accepted_files
    (source, file, size_bytes, tail_digest, accepted_by, reason, accepted_at)
values (?, ?, ?, ?, ?, ?, ?)
"""


def accept(warehouse: Warehouse, folder: Path, file: str, accepted_by: str, reason: str) -> str:
    """Record that the file is right as it is now; returns its raw table.

    `file` is the path within `folder`, as `lake.operations.landed_files` has it. Raises InputError
    if it was never landed, is missing, or a build is running.
    """
    with connect_lake(warehouse) as lake:
        source = _source(lake, file)
    path = folder / file
    try:
        state = FileState.of(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}. Nothing was accepted."
        ) from error
    decision: list[object] = [
        source, file, state.size, state.tail_digest, accepted_by, reason, clock()
    ]  # fmt: skip
    with write_to_lake(warehouse) as writer:
        writer.record(RECORD, decision, "Nothing was accepted.")
    return source


def _source(lake: duckdb.DuckDBPyConnection, file: str) -> str:
    try:
        found = lake.execute(LANDED, [file]).fetchone()
        known = [name for (name,) in lake.execute(KNOWN).fetchall()]
    except duckdb.CatalogException as error:
        raise InputError("Nothing was landed in this warehouse yet: run dbt build.") from error
    if found is None:
        raise InputError(
            f"{file} was never landed, so there is nothing to accept; landed were "
            f"{', '.join(known) or 'no files'}. Give its path within RAW_DATA."
        )
    return str(found[0])
