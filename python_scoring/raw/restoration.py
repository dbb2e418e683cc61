"""Landed rows of which a data file was lost: landed again from the raw files that they came from.

They keep the number of their landing and their load time, so that features and the digests of
inputs come out as before.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from python_scoring.raw.files import FileState

# Landings that a damaged file may have held rows of, and that were not landed again since.
LOST = """
select landed.file, landed.landing, landed.has_loaded_at, landed.first_loaded_at, damaged.file
from lake.operations.damaged_files as damaged
inner join lake.operations.landed_files as landed
    on
        landed.source = ? and damaged.table_name = 'raw.' || landed.source
        and landed.landing between damaged.first_landing and damaged.last_landing
where
    damaged.event = 'damaged'
    and landed.row_count > 0
    and not exists (
        select 1 from lake.operations.damaged_files as repaired
        where
            repaired.event = 'repaired' and repaired.table_name = damaged.table_name
            and repaired.entry > damaged.entry and repaired.first_landing = landed.landing
    )
order by landed.file, landed.landing
"""
# Whether a raw file holds just the rows that were landed of it.
SAME_ROWS = """
select
    (
        select (sum(row_count), sum(first_sum), sum(second_sum))
        from lake.operations.landed_days
        where source = $source and file = $file and landing >= $first
    ) is not distinct from (
        select (count(*), {first_sum}, {second_sum}) from ({rows}) as present_rows
    )
"""


@dataclass(frozen=True)
class LostRows:
    """Landed rows of one raw file that are gone."""

    file: str  # within RAW_DATA
    landings: tuple[int, ...]
    has_loaded_at: bool
    loaded_at: datetime | None  # of the rows of a file without load times
    data_file: str

    def problem(self, folder: Path, known: FileState | None) -> str | None:
        """Why they cannot be landed again; None where they can."""
        path = folder / self.file
        lost = (
            f"{self.data_file} is damaged, and held rows of landing "
            f"{', '.join(map(str, self.landings))}, from {path}"
        )
        way_back = f"Or copy {self.data_file} back from a backup. Nothing was built."
        try:
            state = FileState.of(path)
        except OSError as error:
            return (
                f"{lost}, which cannot be read: {error.strerror}. Put it back into RAW_DATA. "
                f"{way_back}"
            )
        if known is None or not state.is_content_of(known):
            return f"{lost}, which has changed since. Put it back as it was landed. {way_back}"
        if not self.has_loaded_at and len(self.landings) > 1:
            return (
                f"{lost}, which has no loaded_at: which of its rows came when cannot be told. "
                f"{way_back}"
            )
        return None


def lost_rows(lake: duckdb.DuckDBPyConnection, source: str) -> list[LostRows]:
    """The landed rows of a table that are gone, by raw file."""
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for file, *rest in lake.execute(LOST, [source]).fetchall():
        found[file].append(tuple(rest))
    return [
        LostRows(file, tuple(dict.fromkeys(landing for landing, *_ in landings)), *landings[0][1:])
        for file, landings in found.items()
    ]
