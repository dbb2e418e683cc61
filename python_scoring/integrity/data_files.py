"""Digests of DuckLake's data files, in a table of the catalogue, and the verification of files.

DuckLake writes a file once and never changes it. A build digests it right after the transaction
that made it, and records the digests when it ends; a file without one was left by a process that
was killed, and gets its digest from the next one, which first compares its size with the
catalogue's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Protocol

from python_scoring.integrity.digests import file_sha256
from python_scoring.integrity.paths import WarehousePaths

TABLE = "customer_predictions_files"
KINDS = {
    "predictions": "predictions.predictions_*",
    "unserved": "predictions.*",
    "snapshots": "features.feature_snapshots",
    "derived": "features.*",
    "raw": "raw.*",
}
CREATE = """
create table if not exists {catalog}{table}
    (kind varchar, file_id bigint, size_bytes bigint, sha256 varchar)
"""
# `kind` is data, or delete for a file of deleted rows' positions. Parts of a path are relative to
# the part before, or absolute.
FILES = """
with files as (
    select 'data' as kind, data_file_id as file_id, table_id, path, path_is_relative,
        file_size_bytes, end_snapshot
    from {catalog}ducklake_data_file
    union all
    select 'delete', delete_file_id, table_id, path, path_is_relative, file_size_bytes, end_snapshot
    from {catalog}ducklake_delete_file
)

select
    files.kind, files.file_id, schemas.schema_name, tables.table_name,
    schemas.path, schemas.path_is_relative, tables.path, tables.path_is_relative,
    files.path, files.path_is_relative, files.file_size_bytes, digests.sha256
from files
inner join {catalog}ducklake_table as tables
    on files.table_id = tables.table_id and tables.end_snapshot is null
inner join {catalog}ducklake_schema as schemas
    on tables.schema_id = schemas.schema_id and schemas.end_snapshot is null
left join {catalog}{table} as digests
    on files.kind = digests.kind and files.file_id = digests.file_id
where files.end_snapshot is null
order by schemas.schema_name, tables.table_name, files.kind, files.file_id
"""
FORGET = """
delete from {table}
where file_id not in (
    select data_file_id from ducklake_data_file where kind = 'data'
    union all
    select delete_file_id from ducklake_delete_file where kind = 'delete'
)
"""


class Catalogue(Protocol):
    """A connection to the catalogue: of sqlite3, or of DuckDB, where its tables have a prefix."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run a statement; parameters are `?`."""


@dataclass(frozen=True)
class DataFile:
    """A file that a table of the lake consists of now."""

    kind: str
    file_id: int
    schema: str
    table: str
    path: Path
    size: int  # bytes
    sha256: str | None  # None where no digest is recorded

    @property
    def name(self) -> str:
        """The table with its schema."""
        return f"{self.schema}.{self.table}"

    @property
    def kind_of_table(self) -> str:
        """What the table holds, and so how it is made anew: of history there is no way back."""
        for kind, pattern in KINDS.items():
            if fnmatch(self.name, pattern):
                return kind
        return "history"

    @property
    def partition(self) -> str:
        """The value of the first partition column in its path; empty without partitions."""
        for part in self.path.parts:
            if "=" in part:
                return part.partition("=")[2].replace("%20", " ").replace("%3A", ":")
        return ""


@dataclass(frozen=True)
class Damage:
    """A file that is not as it was written."""

    file: DataFile
    problem: str  # missing, empty, truncated, changed or unreadable

    def __str__(self) -> str:
        """A sentence that names file and table."""
        return f"{self.file.path} of lake.{self.file.name} is {self.problem}"


def list_files(
    catalog: Catalogue, paths: WarehousePaths, prefix: str = "", *, create: bool = True
) -> list[DataFile]:
    """The current files of all tables; `prefix` stands before the catalogue's tables.

    With `create` the table of digests is made where there is none yet.
    """
    if create:
        catalog.execute(CREATE.format(catalog=prefix, table=TABLE))
    rows = catalog.execute(FILES.format(catalog=prefix, table=TABLE)).fetchall()
    return [
        DataFile(kind, file_id, schema, table, _path(paths.data_folder, parts), int(size), sha256)
        for kind, file_id, schema, table, *parts, size, sha256 in rows
    ]


def _path(root: Path, parts: Sequence[Any]) -> Path:
    path = root
    for text, is_relative in zip(parts[::2], parts[1::2], strict=True):
        path = path / text if is_relative else Path(text)
    return path


def record_digests(
    catalog: Catalogue, files: Iterable[DataFile], known: Mapping[Path, str]
) -> list[Damage]:
    """Record the digest of files that have none; returns those that cannot be as written.

    `known` are digests that were taken as soon as the files were committed.
    """
    damaged, rows = [], []
    for file in files:
        if file.sha256 is None:
            problem = size_problem(file)
            if problem:
                damaged.append(Damage(file, problem))
            else:
                sha256 = known.get(file.path) or file_sha256(file.path)
                rows.append((file.kind, file.file_id, file.size, sha256))
    for row in rows:
        catalog.execute(f"insert into {TABLE} values (?, ?, ?, ?)", row)  # noqa: S608 - ours
    return damaged


def forget_digests(catalog: Catalogue) -> None:
    """Drop the digests of files that the catalogue has let go of."""
    catalog.execute(FORGET.format(table=TABLE))


def verify(files: Iterable[DataFile], *, content: bool) -> list[Damage]:
    """The files that are not as they were written; without `content` by existence and size."""
    damaged = []
    for file in files:
        problem = size_problem(file)
        if not problem and content and file.sha256:
            problem = _content_problem(file)
        if problem:
            damaged.append(Damage(file, problem))
    return damaged


def size_problem(file: DataFile) -> str | None:
    """What is wrong with a file that is missing or of another size."""
    try:
        size = file.path.stat().st_size
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable ({error.strerror})"
    if size == file.size:
        return None
    if not size:
        return "empty"
    found = f"{size:,} bytes instead of {file.size:,}"
    return f"truncated ({found})" if size < file.size else f"changed ({found})"


def _content_problem(file: DataFile) -> str | None:
    try:
        found = file_sha256(file.path)
    except OSError as error:
        return f"unreadable ({error.strerror})"
    if found == file.sha256:
        return None
    return f"changed (its SHA-256 is {found[:12]}…, {str(file.sha256)[:12]}… was written)"
