"""Rows of lake.operations.access_log_loads: where a load of the access log ended, and its gap."""

from datetime import datetime
from typing import Any

from python_scoring.serving.access_log import Load, Progress
from python_scoring.serving.log_files import Place


def to_row(load: Load) -> dict[str, Any]:
    """The load as a row's values, of the columns that depend on the server's log.

    `load.progress` must not be None.
    """
    progress = load.progress
    if progress is None:
        raise ValueError("a load without progress is no row")
    return {
        "entries": load.entries,
        "read_until": progress.read_until,
        "complete_until": progress.complete_until,
        "gap_from": load.gap_from,
        "gap_until": load.gap_until,
        "message": load.message,
        "log_file": progress.place.log_file,
        "log_identity": progress.place.identity,
        "log_position": progress.place.position,
        "decisions_counted": progress.counted,
        "decisions_uncounted": progress.uncounted,
    }


def from_row(row: dict[str, Any] | None) -> Progress | None:
    """The progress that a row recorded; also of a row of access_log, of a version before 0.2."""
    if not row:
        return None
    return Progress(
        place=Place(row["log_file"], row.get("log_identity"), int(row["log_position"])),
        read_until=datetime.fromisoformat(row["read_until"]),
        complete_until=datetime.fromisoformat(row["complete_until"]),
        counted=int(row.get("decisions_counted") or 0),
        uncounted=int(row.get("decisions_uncounted") or 0),
    )
