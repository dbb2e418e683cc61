"""Plan of a landing: the raw files that are new or have changed since the last build.

A file is landed once. The rows of a changed file are compared with those landed from it. New rows
are appended. If landed rows are gone, the build stops until a person accepts the file
(`customer-predictions raw accept`). The SQL of models/staging reads and checks the rows;
the materialization in macros/raw_data/landed.sql runs it, batch by batch.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from python_scoring.project.sql_macros import digest_sums
from python_scoring.project.sql_text import literal
from python_scoring.raw.columns import FILE_NAME, FileColumns, read_columns, reading
from python_scoring.raw.files import FileState, locations, raw_files
from python_scoring.raw.restoration import SAME_ROWS, LostRows, lost_rows

# Bytes. Files of a batch share a transaction, so that small ones cost little and none is landed in
# part.
BATCH = 512_000_000

LAST_STATES = """
select source, file, change, size_bytes, modified_at, tail_digest, has_loaded_at
from lake.operations.landed_files
qualify row_number() over (partition by source, file order by landing desc) = 1
"""
FIRST_LANDING_THAT_COUNTS = """
select coalesce(max(landing) filter (where change = 'replaced'), min(landing))
from lake.operations.landed_files
where source = ? and file = ?
"""
# Number of days on which rows were loaded, and whether at one instant.
LOAD_DAYS = """
select count(distinct load_day), min(first_loaded_at) = max(last_loaded_at)
from lake.operations.landed_days
where source = ? and file = ? and landing >= ?
"""
ACCEPTED = """
select count(*) from lake.operations.accepted_files
where source = ? and file = ? and size_bytes = ? and tail_digest = ?
"""
# Rows of a file by load day, as landed and as they are now; only the days that differ.
DIFFERING_DAYS = """
with landed as (
    select
        load_day,
        sum(row_count) as row_count,
        sum(first_sum) as first_sum,
        sum(second_sum) as second_sum
    from lake.operations.landed_days
    where source = $source and file = $file and landing >= $first
    group by load_day
),

present as (
    select
        load_day,
        count(*) as row_count,
        {first_sum} as first_sum,
        {second_sum} as second_sum
    from ({rows}) as present_rows
    group by load_day
)

select coalesce(landed.load_day, present.load_day) as load_day
from landed
full join present on landed.load_day is not distinct from present.load_day
where (landed.row_count, landed.first_sum, landed.second_sum)
    is distinct from (present.row_count, present.first_sum, present.second_sum)
"""
# Texts of a file's landed rows on some days.
LANDED_TEXTS = """
select coalesce(source_text, row_text) as row_text, load_day
from (
    select source_text, {row_text} as row_text, cast(loaded_at as date) as load_day
    from (
        select landed.*, {has_loaded_at} as has_loaded_at
        from lake.raw.{table} as landed
        where landed_file = {file} and landed_in >= {first}
    ) as landed_rows
    union all
    select source_text, null, cast(loaded_at as date)
    from lake.operations.rejected_rows
    where source = '{table}' and is_landed = false and landed_file = {file} and landed_in >= {first}
) as texts
where {days}
"""
GONE = """
with landed as (
    select load_day, row_text, count(*) as row_count from ({landed}) as texts group by all
),

present as (
    select row_text, count(*) as row_count from ({present}) as texts group by all
)

select
    landed.load_day,
    sum(landed.row_count) as landed_rows,
    sum(greatest(landed.row_count - coalesce(present.row_count, 0), 0)) as rows_gone
from landed
left join present on landed.row_text = present.row_text
group by landed.load_day
having rows_gone > 0
order by landed.load_day
"""
# Rows that were not landed; of equal rows those beyond the landed number.
ADDED = """
select {columns}, loaded_at, has_loaded_at, landed_file
from (
    select *, row_number() over (partition by row_text order by row_text) as occurrence
    from ({rows}) as present_rows
    where {days}
) as present
left join (
    select row_text, count(*) as row_count from ({landed}) as texts group by row_text
) as landed using (row_text)
where occurrence > coalesce(landed.row_count, 0)
"""


@dataclass(frozen=True)
class Table:
    """Raw table, as models/staging/_staging__sources.yml declares it."""

    name: str
    columns: dict[str, str]  # type by name
    happened_at: str
    row_text: str  # SQL of the text that a row's digest is made of
    load_day: str  # SQL of the day it was loaded on


@dataclass(frozen=True)
class FoundFile:
    """Raw file in its present state."""

    path: Path
    name: str  # its path within RAW_DATA
    state: FileState
    columns: FileColumns


@dataclass(frozen=True)
class LandedFile:
    """Record of one file in a batch, for landed_files."""

    file: str
    change: str  # new, grown, replaced, restored, or unchanged where only the bytes differ
    size_bytes: int
    modified_at: str
    tail_digest: str
    has_loaded_at: bool


@dataclass(frozen=True)
class Batch:
    """Files to land in one transaction, and the SQL of their rows."""

    relation: str  # SQL; the declared columns, has_loaded_at and landed_file
    files: list[LandedFile]
    # Former landings of restored rows; their files are recorded already.
    landings: tuple[int, ...] = ()


@dataclass
class LandingPlan:
    """Batches to land by table, problems that stop the build, and files that have vanished."""

    batches: dict[str, list[Batch]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    vanished: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> str:
        """Return the plan as JSON, for the macros."""
        return json.dumps(asdict(self), default=str)


def plan(
    lake: duckdb.DuckDBPyConnection,
    folder: Path,
    tables: Iterable[Table],
    landed_at: datetime,
    *,
    loaded_when_happened: bool = False,
) -> LandingPlan:
    """Compare the raw files in `folder` with the landed ones.

    `lake` is a connection with the lake attached. Rows of a file without `loaded_at` count as
    loaded at `landed_at` (UTC), or at their own event time with `loaded_when_happened`.
    """
    result = LandingPlan()
    known: dict[tuple[str, str], Any] = {
        (source, file): rest for source, file, *rest in lake.execute(LAST_STATES).fetchall()
    }
    for table in tables:
        loaded_at = table.happened_at if loaded_when_happened else _instant(landed_at)
        present = _present(lake, folder, table, known, result)
        batches = result.batches.setdefault(table.name, [])
        for lost in lost_rows(lake, table.name):
            batches += _restored(lake, folder, table, lost, known, result.problems)
        alike: dict[FileColumns, list[FoundFile]] = defaultdict(list)
        for found in present:
            former = known.get((table.name, found.name))
            if former is None:
                alike[found.columns].append(found)
            else:
                batch = _changed(lake, table, found, former[4], loaded_at, result.problems)
                batches += [batch] if batch else []
        for columns, files in alike.items():
            for part in _parts(files):
                relation = _relation(table, columns, part, loaded_at)
                landed = [_landed(each, "new") for each in part]
                batches.append(Batch(relation, landed))
    return result


def _present(
    lake: duckdb.DuckDBPyConnection,
    folder: Path,
    table: Table,
    known: dict[tuple[str, str], Any],
    result: LandingPlan,
) -> list[FoundFile]:
    """Return the new and changed files of a table; adds problems and vanished files to `result`."""
    places = locations(folder, table.name)
    files = raw_files(folder, table.name)
    landed = {file for source, file in known if source == table.name}
    names = {str(file.relative_to(folder)) for file in files}
    for name in sorted(landed - names):
        change, size, modified_at, digest, has_loaded_at = known[table.name, name]
        if change != "vanished":
            gone = LandedFile(name, "vanished", size, str(modified_at), digest, has_loaded_at)
            result.vanished.append({"source": table.name} | asdict(gone))
    if len(places) > 1:
        both = " and ".join(str(place) for place in places)
        result.problems.append(f"table {table.name}: {both} exist; keep one of them.")
        return []
    if not files:
        result.problems.append(
            f"table {table.name} is missing: expected {folder / table.name}.parquet, .csv or "
            f".csv.gz, or such files in the folder {folder / table.name}/."
        )
    found = []
    for file in files:
        try:
            state = FileState.of(file)
        except OSError as error:
            result.problems.append(
                f"table {table.name}: {file} cannot be read: {error.strerror}. "
                "Mend it, or take it away."
            )
            continue
        name = str(file.relative_to(folder))
        former = known.get((table.name, name))
        if former and state.is_content_of(FileState(former[1], former[2], former[3])):
            continue
        columns, problems = read_columns(lake, table.name, file, table.columns)
        result.problems += problems
        if columns:
            found.append(FoundFile(file, name, state, columns))
    return found


def _parts(files: list[FoundFile]) -> Iterator[list[FoundFile]]:
    """Yield the files in groups of at most BATCH bytes, or of one file."""
    part: list[FoundFile] = []
    for file in files:
        if part and sum(each.state.size for each in part) + file.state.size > BATCH:
            yield part
            part = []
        part.append(file)
    if part:
        yield part


def _relation(table: Table, columns: FileColumns, files: list[FoundFile], loaded_at: str) -> str:
    """Return the SQL that reads files with equal columns, under the declared names."""
    expressions = dict(columns.expressions)
    if not columns.has_loaded_at:
        expressions["loaded_at"] = dict(columns.expressions).get(loaded_at, loaded_at)
    selected = ", ".join(f"{expressions[name]} as {name}" for name in table.columns)
    root = str(files[0].path)[: -len(files[0].name)]
    return (
        f"select {selected}, {columns.has_loaded_at} as has_loaded_at, "  # noqa: S608 - quoted
        f"{FILE_NAME}[{len(root) + 1}:] as landed_file "
        f"from {reading(columns.reader, [file.path for file in files])}"
    )


def _restored(
    lake: duckdb.DuckDBPyConnection,
    folder: Path,
    table: Table,
    lost: LostRows,
    known: dict[tuple[str, str], Any],
    problems: list[str],
) -> list[Batch]:
    """Return the batch that lands rows of a lost data file again, from their raw file."""
    former = known[table.name, lost.file]
    state = FileState(former[1], former[2], former[3])
    if problem := lost.problem(folder, state):
        problems.append(f"table {table.name}: {problem}")
        return []
    columns, found_problems = read_columns(lake, table.name, folder / lost.file, table.columns)
    problems += found_problems
    if columns is None:
        return []
    found = FoundFile(folder / lost.file, lost.file, state, columns)
    [(first,)] = lake.execute(FIRST_LANDING_THAT_COUNTS, [table.name, lost.file]).fetchall()
    # Rows of a file without load times have one load time, or their event times.
    day_counts = lake.execute(LOAD_DAYS, [table.name, lost.file, first]).fetchall()
    is_one_time = day_counts == [(1, True)] and lost.loaded_at is not None
    loaded_at = _instant(lost.loaded_at) if is_one_time and lost.loaded_at else table.happened_at
    rows = (
        f"select *, {table.row_text} as row_text, {table.load_day} as load_day "  # noqa: S608 - declared
        f"from ({_relation(table, columns, [found], loaded_at)}) as raw_rows"
    )
    comparison = SAME_ROWS.format(rows=rows, **digest_sums())
    values = {"source": table.name, "file": lost.file, "first": first}
    if not lake.execute(comparison, values).fetchall()[0][0]:
        problems.append(
            f"table {table.name}: {lost.data_file} is damaged, and {found.path}, which its rows "
            "came from, has other rows than were landed. Put the raw file back as it was landed, "
            f"or copy {lost.data_file} back from a backup. Nothing was built."
        )
        return []
    landed = LANDED_TEXTS.format(
        table=table.name, row_text=table.row_text, has_loaded_at=lost.has_loaded_at,
        file=literal(found.name), first=first, days="true",
    )  # fmt: skip
    others = [name for name in table.columns if name != "loaded_at"]
    relation = ADDED.format(columns=", ".join(others), rows=rows, days="true", landed=landed)
    return [Batch(relation, [_landed(found, "restored")], lost.landings)]


def _changed(
    lake: duckdb.DuckDBPyConnection,
    table: Table,
    found: FoundFile,
    had_loaded_at: bool,  # noqa: FBT001 - from the record
    loaded_at: str,
    problems: list[str],
) -> Batch | None:
    """Return the batch of a changed file; None, with a problem, if landed rows are gone."""
    [(first,)] = lake.execute(FIRST_LANDING_THAT_COUNTS, [table.name, found.name]).fetchall()
    whole = _relation(table, found.columns, [found], loaded_at)
    rows = (
        f"select *, {table.row_text} as row_text, {table.load_day} as load_day "  # noqa: S608 - declared
        f"from ({whole}) as raw_rows"
    )
    # Without a load time, or with one for the first time, every row is compared by its values.
    by_day = had_loaded_at and found.columns.has_loaded_at
    days = "true"
    if by_day:
        differing = lake.execute(
            DIFFERING_DAYS.format(rows=rows, **digest_sums()),
            {"source": table.name, "file": found.name, "first": first},
        ).fetchall()
        if not differing:
            return Batch(f"{whole} limit 0", [_landed(found, "unchanged")])
        days = _is_one_of([day for (day,) in differing])
    landed = LANDED_TEXTS.format(
        table=table.name, row_text=table.row_text, has_loaded_at=had_loaded_at,
        file=literal(found.name), first=first, days=days,
    )  # fmt: skip
    present = f"select row_text from ({rows}) as present_rows where {days}"  # noqa: S608 - declared
    gone = lake.execute(GONE.format(landed=landed, present=present)).fetchall()
    if (
        gone
        and not lake.execute(
            ACCEPTED, [table.name, found.name, found.state.size, found.state.tail_digest]
        ).fetchall()[0][0]
    ):
        problems.append(_history_differs(table, found, gone))
        return None
    if gone:
        return Batch(whole, [_landed(found, "replaced")])
    others = [name for name in table.columns if name != "loaded_at"]
    relation = ADDED.format(columns=", ".join(others), rows=rows, days=days, landed=landed)
    return Batch(relation, [_landed(found, "grown")])


def _history_differs(table: Table, found: FoundFile, gone: list[tuple[Any, ...]]) -> str:
    day, landed, missing = gone[0]
    when = f"loaded on {day}" if day else "without a load time"
    further = f", and of {len(gone) - 1} other days" if len(gone) > 1 else ""
    return (
        f"table {table.name}: {found.path} was landed before and its history has changed: "
        f"of {landed:,} rows {when}, {missing:,} are gone or differ{further}. "
        "Restore the file; or, if it is right as it is, accept it with "
        f"`customer-predictions raw accept --file {found.name} --by NAME --reason TEXT`."
    )


def _is_one_of(days: list[date | None]) -> str:
    known = ", ".join(f"date '{day}'" for day in sorted(day for day in days if day))
    conditions = [f"load_day in ({known})"] if known else []
    conditions += ["load_day is null"] if None in days else []
    return "(" + " or ".join(conditions) + ")"


def _landed(found: FoundFile, change: str) -> LandedFile:
    state = found.state
    return LandedFile(
        found.name, change, state.size, str(state.modified_at), state.tail_digest,
        found.columns.has_loaded_at,
    )  # fmt: skip


def _instant(instant: datetime) -> str:
    return f"cast('{instant}' as timestamp)"
