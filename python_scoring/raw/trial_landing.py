"""Landing of the raw files into a scratch database, to see what a first build would accept.

The landing plan, the rejection rules and the records are those of a build: the SQL of
models/staging and models/operations/recording/landing is rendered without dbt.
"""

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from python_scoring.project.sql_models import model_query, test_query
from python_scoring.project.sql_text import literal
from python_scoring.raw.declared import (
    landed_types,
    landing_tables,
    raw_declarations,
    record_types,
)
from python_scoring.raw.landing import Batch, Table, plan

RECORDS = ("landed_files", "landed_days", "rejected_rows", "damaged_files", "accepted_files")
CUSTOMERS = "customers"
ALL_ROWS = "all rows"  # a part of the test rejected_share_below
LANDING = "operations/recording/landing"
RECORDING = {"rejected_rows": "landed_rejections", "landed_days": "landed_load_days"}
SPAN = """
select min({happened_at}), max({happened_at}), min(loaded_at), max(loaded_at) from lake.raw.{table}
"""
# Record of a landing's files: what the rule for the share of rejected rows reads.
FILES = """
insert into lake.operations.landed_files by name
select landing, source, file, sum(row_count) as row_count, 'trial' as invocation_id
from lake.operations.landed_days
where landing = $landing
group by landing, source, file
"""
REJECTED = """
select reason, count(*)
from ({rejected}) as rejected
where source = ?
group by reason
order by count(*) desc, reason
"""


@dataclass(frozen=True)
class TableSummary:
    """Rows of one raw table, and how a landing would judge them. Instants are naive UTC."""

    table: str
    files: int
    row_count: int
    rejected: dict[str, int]  # rows by reason
    happened_at: str
    first: datetime | None  # of the usable rows, by `happened_at`
    last: datetime | None
    first_loaded_at: datetime | None
    last_loaded_at: datetime | None
    without_loaded_at: int  # files whose rows count as loaded when they are landed

    @property
    def rejected_rows(self) -> int:
        """Number of rows that no feature may be built from."""
        return sum(self.rejected.values())


@dataclass(frozen=True)
class TrialLanding:
    """Result of a trial landing; `lake` has the accepted rows and records attached as `lake`."""

    lake: duckdb.DuckDBPyConnection
    tables: list[TableSummary]
    problems: list[str]


@contextmanager
def trial_landing(
    folder: Path,
    variables: Mapping[str, Any],
    landed_at: datetime,
    *,
    loaded_when_happened: bool = False,
) -> Iterator[TrialLanding]:
    """Land the raw files of `folder` into a scratch database, and yield what was found.

    `variables` are the vars of dbt_project.yml, `landed_at` is the clock (UTC). All problems that
    would stop a first build are found, of all tables. `folder` and the warehouse stay as they are.
    """
    with (
        tempfile.TemporaryDirectory(prefix="trial-landing-") as scratch,
        duckdb.connect(config={"temp_directory": scratch}) as lake,
    ):
        yield _Landing(lake, variables, Path(scratch)).of(folder, landed_at, loaded_when_happened)


class _Landing:
    """A landing outside dbt: what macros/raw_data/landed.sql does, in a scratch database."""

    def __init__(
        self, lake: duckdb.DuckDBPyConnection, variables: Mapping[str, Any], scratch: Path
    ) -> None:
        self.lake = lake
        self.raw = raw_declarations()
        # What dbt knows while it lands: relations, declared sources and variables.
        self.names: dict[str, Any] = {
            "ref": self._ref,
            "relation_of_model": self._ref,
            "source": self._source,
            "operations_table": lambda name: f"lake.operations.{name}",
            "config": lambda **_: "",
            "raw_sources": lambda: self.raw,
            "var": lambda name: variables[name],
            "execute": True,
        }
        self.largest_share = variables["largest_rejected_share"]
        lake.execute("set timezone = 'UTC'")
        lake.execute(f"attach {literal(str(scratch / 'lake.duckdb'))} as lake")
        for schema in ("lake.raw", "lake.operations", "raw", "staging"):
            lake.execute(f"create schema {schema}")
        for table in RECORDS:
            self._create(f"lake.operations.{table}", record_types(table))
        for each in self.raw:
            self._create(f"lake.raw.{each['name']}", landed_types(each["name"]))

    def of(self, folder: Path, landed_at: datetime, loaded_when_happened: bool) -> TrialLanding:  # noqa: FBT001 - from the command
        """Land every table, the customers first, as staging does."""
        tables = sorted(landing_tables(), key=lambda table: table.name != CUSTOMERS)
        planned = plan(
            self.lake, folder, tables, landed_at, loaded_when_happened=loaded_when_happened
        )
        numbers = itertools.count(1)
        for table in tables:
            for batch in planned.batches[table.name]:
                self._land(table, next(numbers), batch.relation)
        if any(problem.startswith(f"table {CUSTOMERS}") for problem in planned.problems):
            # Without the customers every order would be that of an unknown one.
            self.lake.execute("delete from lake.operations.rejected_rows where is_landed")
        problems = list(planned.problems)
        for table in tables:
            problems += self._too_many_rejected(table.name)
        found = [self._summary(table, planned.batches[table.name]) for table in tables]
        return TrialLanding(self.lake, found, problems)

    def _land(self, table: Table, landing: int, relation: str) -> None:
        """Land one batch: the accepted rows, the rejected ones, and the record by load day."""
        name = table.name
        self.lake.execute(f"create or replace table raw.{name} as {relation}")
        checked = self._query(f"staging/checked_{name}.sql")
        self.lake.execute(f"create or replace view staging.checked_{name} as {checked}")
        accepted = self._query(f"staging/stg_{name}.sql")
        self.lake.execute(
            f"insert into lake.raw.{name} "  # noqa: S608 - the project's own SQL
            f"select * replace (cast({landing} as bigint) as landed_in) from ({accepted}) as rows"
        )
        for record, model in RECORDING.items():
            query = self._query(f"{LANDING}/{model}.sql", raw_table=name, landing=landing)
            self.lake.execute(f"insert into lake.operations.{record} by name {query}")
        self.lake.execute(FILES, {"landing": landing})
        self.lake.execute(f"drop table raw.{name} cascade")

    def _too_many_rejected(self, table: str) -> Iterator[str]:
        """Yield the problem where a build would stop because too many rows are rejected."""
        model = SimpleNamespace(
            identifier=table, incorporate=lambda path: f"lake.raw.{path['identifier']}"
        )
        query = test_query(
            "rejected_share_below", model=model, maximum=self.largest_share, **self.names
        )
        for part, rows, rejected in self.lake.execute(query).fetchall():
            if part == ALL_ROWS:
                yield (
                    f"table {table}: {rejected:,} of {rows:,} rows are rejected "
                    f"({rejected / rows:.0%}); expected at most {float(self.largest_share):.0%} "
                    "(largest_rejected_share in dbt_project.yml). Mend the reasons listed for it."
                )

    def _summary(self, table: Table, batches: list[Batch]) -> TableSummary:
        name, files = table.name, [file for batch in batches for file in batch.files]
        [(rows,)] = self.lake.execute(
            "select coalesce(sum(row_count), 0)::bigint from lake.operations.landed_files"
            " where source = ?",
            [name],
        ).fetchall()
        query = REJECTED.format(rejected=self._query("staging/rejected_records.sql"))
        rejected = dict(self.lake.execute(query, [name]).fetchall())
        [(first, last, first_loaded, last_loaded)] = self.lake.execute(
            SPAN.format(table=name, happened_at=table.happened_at)
        ).fetchall()
        return TableSummary(
            table=name,
            files=len(files),
            row_count=rows,
            rejected=rejected,
            happened_at=table.happened_at,
            first=first,
            last=last,
            first_loaded_at=first_loaded,
            last_loaded_at=last_loaded,
            without_loaded_at=sum(not file.has_loaded_at for file in files),
        )

    def _query(self, path: str, **names: object) -> str:
        return model_query(path, "null", **{**self.names, **names})

    def _ref(self, model: str) -> str:
        table = model.removeprefix("stg_")
        return f"lake.raw.{table}" if table != model else f"staging.{model}"

    def _source(self, schema: str, table: str) -> str:
        return f"raw.{table}" if schema == "raw" else f"lake.{schema}.{table}"

    def _create(self, name: str, types: dict[str, str]) -> None:
        columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
        self.lake.execute(f"create table {name} ({columns})")
