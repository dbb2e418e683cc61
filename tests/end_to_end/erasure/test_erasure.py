"""Erasure of customers from a whole project: no trace of them, everything else unchanged."""

import hashlib
import re
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from python_scoring.erasure.command import Erasure
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.errors import InputError
from python_scoring.project import PROJECT, read_manifest
from python_scoring.raw.demo_data import generate
from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.fixtures import UNTIL, Fresh
from tests.support.processes import run
from tests.support.project import PRODUCTS, Project
from tests.support.serving_database import Database, ask

NEXT_DAY = {"PREDICTION_NOW": "2026-11-24T07:00:00"}


NOTHING_TO_BUILD = ("run", "--select", "served_outputs")


ARGUMENTS = ("--by", "ana", "--reason", "request 17")


RAW_TABLES = ("customers", "orders", "events")


# Everything that is kept of customers; the person's rows apart, none of it may change.
LAKE_TABLES = (
    "features.feature_snapshots",
    *(f"predictions.predictions_{product}" for product in PRODUCTS),
    *(f"predictions.quarantine_{product}" for product in PRODUCTS),
    "operations.score_jumps",
    "operations.run_ledger",
    "operations.snapshot_manifest",
    "operations.output_checks",
)


@pytest.fixture
def project(fresh: Fresh, demo_raw: Path, tmp_path: Path) -> Project:
    """A built warehouse beside a copy of its raw data, in a folder per table."""
    raw = tmp_path / "raw"
    for table in RAW_TABLES:
        (raw / table).mkdir(parents=True)
        shutil.copy(demo_raw / f"{table}.parquet", raw / table / "first.parquet")
    return fresh(raw_data=raw)


def the_person(project: Project) -> str:
    """Somebody whom every product scores, and whose id is the smallest there."""
    [(customer_id,)] = project.query(
        "select min(customer_id) from lake.predictions.predictions_clv"
        " where customer_id in (select customer_id from lake.predictions.predictions_segmentation)"
    )
    return str(customer_id)


def write_to(project: Project, *statements: str) -> None:
    with connect_lake(Warehouse(project.warehouse), read_only=False) as lake:
        for statement in statements:
            lake.execute(statement)


def leave_traces(project: Project, customer_id: str) -> str:
    """What months of use leave, and a customer whose id contains the person's: that id."""
    other = f"{customer_id}1"
    write_to(
        project,
        "insert into lake.predictions.predictions_churn"
        f" select * replace ('{other}' as customer_id)"
        f" from lake.predictions.predictions_churn where customer_id = '{customer_id}'",
        "insert into lake.predictions.quarantine_churn by name"
        " select *, 'a check failed' as reasons from lake.predictions.predictions_churn"
        f" where customer_id in ('{customer_id}', '{other}')",
        "insert into lake.operations.score_jumps by name"
        f" select run_id, product, customer_id, score as score_before"
        f" from lake.predictions.predictions_churn where customer_id >= '{customer_id}'",
        "insert into lake.operations.incident_events (event_number, incident_id, message) values"
        f" (1, 'by hand', 'Prices of {customer_id} are wrong, not those of {other}.')",
    )
    with duckdb.connect(project.warehouse / "warehouse.duckdb") as working_set:
        working_set.execute(
            "create table staging.by_hand as select * from (values"
            " ('orders', 'O1', 'amount is absurd', ?), ('orders', 'O2', 'amount is absurd', ?)"
            ") as records (source, key, reason, row_json)",
            [f'{{"customer_id": " {each}", "amount": "1e9"}}' for each in (customer_id, other)],
        )
    for table in RAW_TABLES:
        first = project.raw_data / table / "first.parquet"
        duckdb.sql(
            f"copy (select * replace (unnest(['{other}', '{customer_id} ']) as customer_id)"
            f" from '{first}' where customer_id = '{customer_id}')"
            f" to '{first.with_name('second.parquet')}' (compression zstd)"
        )
    with (project.warehouse / "lineage.ndjson").open("a") as events:
        events.write(f'{{"message": "{customer_id} and {other} cannot be read"}}\n')
    (project.warehouse / "spill").mkdir(exist_ok=True)
    (project.warehouse / "spill" / "duckdb_temp_storage_DEFAULT-0.tmp").write_text(customer_id)
    return other


def others(project: Project, customer_id: str) -> dict[str, Any]:
    """Digests of everything but the person."""
    found: dict[str, Any] = {}
    with connect_lake(Warehouse(project.warehouse)) as lake:
        for table in LAKE_TABLES:
            columns = [row[0] for row in lake.execute(f"describe lake.{table}").fetchall()]
            where = f"customer_id <> '{customer_id}'" if "customer_id" in columns else "true"
            found[table] = project.digest(f"lake.{table}", where)
    for path in sorted(project.raw_data.rglob("*.parquet")):
        found[path.name + path.parent.name] = duckdb.sql(
            f"select * from '{path}' where trim(customer_id) <> '{customer_id}'"
        ).fetchall()
    return found


def files_with(customer_id: str, other: str, *folders: Path) -> list[str]:
    """Every file that holds the id, but for the places where it is part of the other one."""
    found = []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes().replace(other.encode(), b"")
        cells = 0
        if path.suffix == ".parquet":
            cells = duckdb.sql(
                f"select count(*) from read_parquet('{path}', hive_partitioning = false) as rows"
                f" where contains(replace(cast(rows as text), '{other}', ''), '{customer_id}')"
            ).fetchall()[0][0]
        if cells or customer_id.encode() in content:
            found.append(str(path))
    return found


def names_in_working_set(project: Project, customer_id: str, other: str) -> list[str]:
    """Tables of warehouse.duckdb with the id in any column."""
    with duckdb.connect(project.warehouse / "warehouse.duckdb", read_only=True) as working_set:
        tables = working_set.execute("select schema_name, table_name from duckdb_tables()")
        return [
            f"{schema}.{table}"
            for schema, table in tables.fetchall()
            if working_set.execute(
                f"select count(*) from {schema}.{table} as rows"
                f" where contains(replace(cast(rows as text), '{other}', ''), '{customer_id}')"
            ).fetchall()[0][0]
        ]


def tombstones(project: Project) -> list[tuple[Any, ...]]:
    return project.query("select * exclude (erasure_id, erased_at) from lake.operations.erasures")


@pytest.mark.slow
def test_nothing_holds_the_person_and_everything_else_stays(
    project: Project, database: Database
) -> None:
    """Raw copies, lake, working set, spilled files and PostgreSQL's whole data folder; and a build
    after it passes, publishes, and brings nobody back. Consumers read all the while.
    """
    customer_id = the_person(project)
    other = leave_traces(project, customer_id)
    postgres = {"SERVING_DSN": database.dsn}
    project.dbt(*NOTHING_TO_BUILD, env=postgres)
    before = others(project, customer_id)
    [(landed,)] = project.query(
        "select count(*) from (select customer_id from lake.raw.customers"
        " union all select customer_id from lake.raw.orders"
        " union all select customer_id from lake.raw.events"
        " union all select customer_id from lake.features.order_versions"
        " union all select customer_id from lake.features.event_versions)"
        f" where customer_id = '{customer_id}'"
    )
    digests = input_digests(project)
    lineage = project.warehouse / "lineage.ndjson"
    assert all(digest in lineage.read_text() for digest in digests)
    data = database.server.folder
    folders = (project.raw_data, project.warehouse, data)
    database.run("checkpoint")
    assert files_with(customer_id, other, data)

    with reading(database) as counts:
        console = project.command("erase", customer_id, *ARGUMENTS, env=postgres).stdout
    assert {count - counts[-1] for count in counts} == {0, 1}

    assert files_with(customer_id, other, *folders) == []
    assert names_in_working_set(project, customer_id, other) == []
    assert others(project, customer_id) == before
    # What the inputs were with the person, less what they are now, would be the person's digest.
    assert not digests & input_digests(project)
    assert not any(digest in lineage.read_text() for digest in digests)
    assert (
        project.query(
            "select column_name from duckdb_columns()"
            " where table_name = 'erased_records' and column_name like '%digest%'"
        )
        == []
    )
    assert project.query(
        "select message from lake.operations.incident_events where incident_id = 'by hand'"
    ) == [(f"Prices of [erased] are wrong, not those of {other}.",)]
    assert (
        (project.warehouse / "lineage.ndjson")
        .read_text()
        .endswith(f'{{"message": "[erased] and {other} cannot be read"}}\n')
    )
    assert names_in_working_set(project, other, "-") == ["staging.by_hand"]
    assert "staging.by_hand" in console
    assert "statements hold the ids" in console

    [(by, reason, customers, raw, snapshots, predictions, quarantined, rows, texts, sent)] = (
        tombstones(project)
    )
    assert (by, reason, customers) == ("ana", "request 17", 1)
    assert raw > 10
    assert (snapshots, predictions, quarantined, texts) == (2, 3, 1, 2)
    # Besides the landed rows and versions: a jump, a rejected order, the candidates of three
    # products, and their place among the customers to compute, of two as-ofs.
    assert (rows, sent) == (landed + 7, 7)
    records = project.query(
        "select kind, source, as_of, rows_erased, feature_snapshot_id_after"
        " from lake.operations.erased_records order by all"
    )
    snapshots_after = [record[-1] for record in records if record[0] == "snapshot"]
    assert len(snapshots_after) == 2
    assert all(snapshots_after)  # what was there had the digest on record, by the same formula
    assert {record[1] for record in records if record[0] == "input"} == set(RAW_TABLES)
    assert [record[:2] for record in records if record[0] == "run"] == [
        ("run", "predictions_churn"),
        ("run", "predictions_clv"),
        ("run", "predictions_segmentation"),
        ("run", "quarantine_churn"),
    ]

    project.build(env={**postgres, **NEXT_DAY}, tests="all")
    assert project.query(
        "select count(*) from lake.operations.run_ledger where status = 'published'"
    ) == [(4,)]
    assert files_with(customer_id, other, *folders) == []
    assert project.query(
        "select outcome, value from lake.operations.output_checks"
        " where check_name = 'left_unexplained' and value is not null"
    ) == [("passed", 0.0)]


@pytest.mark.slow
def test_erasing_twenty_of_two_thousand_leaves_no_trace(
    fresh: Fresh, database: Database, tmp_path: Path
) -> None:
    """Neither an id, nor what somebody with an old export can compute: digests of ids, rows,
    predictions, and of the statements that looked them up, before the erasure and after it.
    """
    raw = tmp_path / "raw"
    generate(2_000, UNTIL, raw, progress=False)
    project = fresh(empty=True, raw_data=raw)
    environment = {"SERVING_DSN": database.dsn}
    project.build(env=environment)
    people = [
        customer_id
        for (customer_id,) in project.query(
            "select customer_id from lake.predictions.predictions_churn"
            " where customer_id in (select customer_id from lake.predictions.predictions_clv)"
            " order by md5(customer_id) limit 20"
        )
    ]
    traces = look_up(database, people)
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    write_to(  # as versions before 0.2 did
        project,
        "insert into lake.operations.access_log by name select * replace"
        f" ('{min(traces)}' as statement_digest,"
        "  logged_at - interval '1 day' as logged_at) from lake.operations.access_log",
    )
    traces |= set(people) | exported(project, people)
    folders = (project.raw_data, project.warehouse, database.server.folder / "base")
    database.run("checkpoint")
    assert len(found_in_files(traces, *folders)) > len(people)

    project.command("erase", *people, *ARGUMENTS, env=environment)
    assert found_in_files(traces, *folders) == {}
    look_up(database, people)
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    assert found_in_files(traces, *folders) == {}
    assert project.query(
        "select count(*), count(distinct statement_digest) from lake.operations.access_log"
        " where role = 'retention_workflow' and allowed and logged_at >"
        " (select min(read_until) from lake.operations.access_log_loads)"
    ) == [(20, 1)]
    assert project.query("select customers from lake.operations.erasures") == [(20,)]


LOOKUP = "select * from serving.lookup_prediction('churn', '{}', 'retention_campaign')"


def look_up(database: Database, people: list[str]) -> set[str]:
    """Look each of them up, by a statement that names them; the digests of the statements."""
    reader = database.login("retention_workflow", context="retention_campaign")
    statements = [LOOKUP.format(each) for each in people]
    for statement in statements:
        ask(reader, statement)
    reader.close()
    return {hashlib.sha256(each.encode()).hexdigest() for each in statements}


def exported(project: Project, people: list[str]) -> set[str]:
    """What an old export lets somebody compute of each person, as hexadecimal digits."""
    kinds = ("md5", "sha1", "sha256")
    found = {hashlib.new(kind, each.encode()).hexdigest() for each in people for kind in kinds}
    ids = ", ".join(f"'{each}'" for each in people)
    for table in LAKE_TABLES[:4]:
        rows = project.query(f"select rows from lake.{table} as rows where customer_id in ({ids})")
        assert rows
        texts = [str(row) for (row,) in rows]
        found |= {hashlib.new(kind, text.encode()).hexdigest() for text in texts for kind in kinds}
    predictions = (
        f"select prediction_id from lake.predictions.predictions_{product}"
        f" where customer_id in ({ids})"
        for product in PRODUCTS
    )
    return found | {row[0] for query in predictions for row in project.query(query)}


# Every digest of a trace, wherever it stands, lies in such a run of digits.
DIGITS = re.compile(rb"[0-9a-f]{32,}")


def found_in_files(traces: set[str], *folders: Path) -> dict[str, list[str]]:
    """The traces in all files, in their bytes or, as Parquet is compressed, in its cells."""
    digests = {trace.encode() for trace in traces if DIGITS.fullmatch(trace.encode())}
    lengths = {len(digest) for digest in digests}
    any_id = re.compile(b"|".join({trace.encode() for trace in traces} - digests))
    found: dict[str, list[str]] = {}
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            cells = duckdb.sql(
                "select string_agg(cast(rows as text), chr(10))"
                f" from read_parquet('{path}', hive_partitioning = false) as rows"
            ).fetchall()[0][0]
            content += str(cells).encode()
        here = set(any_id.findall(content))
        for digits in set(DIGITS.findall(content)):
            for length in lengths:
                starts = range(len(digits) - length + 1)
                here |= digests & {digits[start : start + length] for start in starts}
        for trace in here:
            found.setdefault(trace.decode(), []).append(str(path))
    return found


def input_digests(project: Project) -> set[str]:
    """The digests of what the raw tables held for the snapshots."""
    found = project.query("select distinct content_digest from lake.operations.snapshot_inputs")
    return {digest for (digest,) in found}


@contextmanager
def reading(database: Database) -> Iterator[list[int]]:
    """A consumer who reads one mart again and again; how many rows it got each time."""
    counts: list[int] = []
    ended = threading.Event()
    connection = database.login("retention_workflow", context="retention_campaign")

    def read() -> None:
        while not ended.wait(0.01):
            [(count,)] = ask(connection, "select count(*) from serving.churn_predictions_v2")
            counts.append(count)

    with ThreadPoolExecutor() as pool:
        reader = pool.submit(read)
        try:
            yield counts
        finally:
            ended.set()
    reader.result()  # raises what it met


# Right before it would do such a step an erasure kills itself.
MOMENTS = (
    "shutil.copymode",  # the new file is there, beside the former one
    "tombstone.write",
    "lake_files.wait_for_readers",
    "lake_files.LET_GO",
    "lake_files.clean_catalog",
    "verification.search",
)


@pytest.mark.slow
def test_an_erasure_that_is_killed_is_finished_by_the_next(
    project: Project, built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL at six moments, one after the other: all is readable, and one tombstone is left
    that counts what the first attempt found.
    """
    customer_id = the_person(project)
    other = leave_traces(project, customer_id)
    before = others(project, customer_id)
    raw_rows = sum(
        duckdb.sql(
            f"select count(*) from '{project.raw_data}/{table}/*.parquet'"
            f" where trim(customer_id) = '{customer_id}'"
        ).fetchall()[0][0]
        for table in RAW_TABLES
    )
    for moment in MOMENTS:
        killed = ["tests.support.killed_erasure", moment, customer_id, str(built.target)]
        result = run(killed, PROJECT, project.environment())
        assert result.returncode == -signal.SIGKILL, (moment, result.stdout)
        assert others(project, customer_id) == before, moment
        names_in_working_set(project, customer_id, other)  # can be read
        assert project.query("select count(*) > 100 from lake.marts.churn_predictions_v1") == [
            (True,)
        ]
    erase(project, built, monkeypatch, customer_id)
    assert files_with(customer_id, other, project.raw_data, project.warehouse) == []
    assert names_in_working_set(project, customer_id, other) == []
    assert others(project, customer_id) == before
    [found] = tombstones(project)
    assert found[3] == raw_rows


@pytest.mark.slow
def test_a_second_erasure_starts_from_the_restated_digest(
    project: Project, built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several at once are one erasure; the next one knows what the snapshots were after it."""
    *first, last = [
        customer_id
        for (customer_id,) in project.query(
            "select distinct customer_id from lake.predictions.predictions_clv order by 1 limit 21"
        )
    ]
    erase(project, built, monkeypatch, *first)
    erase(project, built, monkeypatch, last)
    digests = project.query(
        "select customers, count(distinct feature_snapshot_id_after), count(*)"
        " from lake.operations.erased_records inner join lake.operations.erasures"
        " using (erasure_id) where kind = 'snapshot' group by 1 order by 1"
    )
    assert digests == [(1, 2, 2), (20, 2, 2)]


def test_dry_run_and_refusals_change_nothing(
    project: Project, built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run; an id that nobody has, even one that is SQL; and while a build runs."""
    customer_id = the_person(project)
    before = contents(project)
    echo = erase(project, built, monkeypatch, customer_id, dry_run=True)
    assert f"  raw          {project.raw_data}/customers/first.parquet: 1 row" in echo
    assert "  lake         features.feature_snapshots: 2 rows" in echo
    [line] = erase(project, built, monkeypatch, "x' or '1'='1", 'C"; drop schema lake')
    assert "2 customers: nothing holds them in" in line
    number, caveat = erase(project, built, monkeypatch, "17850")
    assert "nothing holds them" in number
    assert "in no other text or bytes" in caveat
    with (
        Warehouse(project.warehouse).writer_lock(),
        pytest.raises(InputError, match=r"a build is running.*Nothing was erased"),
    ):
        erase(project, built, monkeypatch, customer_id)
    assert contents(project) == before


def erase(
    project: Project,
    built: Project,
    monkeypatch: pytest.MonkeyPatch,
    *customer_ids: str,
    dry_run: bool = False,
) -> list[str]:
    """The command without parsing the project once more; what it says."""
    for name, value in project.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SERVING_DSN", raising=False)
    said: list[str] = []
    erasure = Erasure(DataSubjects.of(customer_ids), said.append)
    erasure.manifest = read_manifest(built.target)
    if dry_run:
        erasure.preview()
    else:
        erasure.erase("ana", "request 17")
    return said


def contents(project: Project) -> dict[str, str]:
    """Digests of all files; of the catalog what is in it, since readers leave marks in the file."""
    files = [
        path
        for folder in (project.raw_data, project.warehouse)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("lake.sqlite")
    ]
    with sqlite3.connect(project.warehouse / "lake.sqlite") as catalog:
        dump = "".join(catalog.iterdump())
    catalog.close()
    return {
        "catalog": hashlib.sha256(dump.encode()).hexdigest(),
        **{str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
