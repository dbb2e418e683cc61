"""Publishing to PostgreSQL: atomic, incremental, and without blocking readers."""

import math
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from python_scoring.project import PROJECT
from python_scoring.serving import exclusive_lock, lock_retry
from python_scoring.serving.publishing import publish
from tests.support.serving_database import PASSWORD, Database, ask, use
from tests.support.serving_lake import COLUMNS, FIRST, HISTORY_COLUMNS, V2_COLUMNS

DAY = timedelta(days=1)


@pytest.fixture
def shop(database: Database) -> Database:
    """One product with two current marts and a history, published once, and a consumer of all."""
    lake = database.lake
    lake.add_product("churn")
    lake.add_mart("churn", "churn_predictions", 2, "current", V2_COLUMNS)
    lake.publish_run("churn", "run-1")
    for output, version in (
        ("churn_predictions", 1),
        ("churn_predictions", 2),
        ("churn_prediction_history", 1),
    ):
        lake.allow("crm", output, version, "campaign")
    database.publish()
    return database


def served_runs(database: Database) -> list[Any]:
    """The run and its row count, as each mart serves it; the history's newest."""
    return database.run(
        "select run_id, row_count from serving_data.marts"
        " inner join serving_data.runs on current_run = run_number order by marts.relation"
    )


def bits(value: float | None) -> bytes | None:
    return None if value is None else struct.pack(">d", value)


def test_served_rows_equal_those_of_the_lake(database: Database) -> None:
    """Columns and their order, doubles to the last bit, nulls apart from empty texts, JSON."""
    lake = database.lake
    lake.add_product("churn")
    columns = {**V2_COLUMNS, "amount": "decimal(18, 2)", "rank": "bigint", "seen_at": "timestamp"}
    lake.add_mart("churn", "churn_predictions", 2, "current", columns)
    lake.publish_run("churn", "run-1", rows=0)
    doubles = [
        0.1,
        1 / 3,
        5e-324,
        1.7976931348623157e308,
        -0.0,
        math.nan,
        math.inf,
        -math.inf,
        None,
    ]
    texts = ["", None, 'quo"te', "com,ma", "line\nbreak", "\\N", "\\.", "ünïcode 🙂", " "]
    for number, (score, label) in enumerate(zip(doubles, texts, strict=True)):
        lake.run(
            "insert into lake.marts.churn_predictions_v2"
            " (customer_id, score, label, run_id, as_of, segments, amount, rank, seen_at)"
            " values (?, ?, ?, 'run-1', ?, ?, 1234567.05, 9007199254740993, ?)",
            f"C{number}", score, label, FIRST, '{"a": [1, null, "ü"]}',
            FIRST + timedelta(microseconds=1),
        )  # fmt: skip
    lake.allow("crm", "churn_predictions", 2, "campaign")
    database.publish()
    crm = database.login("crm", context="campaign")
    cursor = crm.execute("select * from serving.churn_predictions_v2 order by customer_id")
    assert [each.name for each in cursor.description or []] == list(columns)
    rows = cursor.fetchall()
    names = list(columns)
    assert [bits(row[names.index("score")]) for row in rows] == [bits(each) for each in doubles]
    assert [row[names.index("label")] for row in rows] == texts
    assert {str(row[names.index("amount")]) for row in rows} == {"1234567.05"}
    assert {row[names.index("rank")] for row in rows} == {9007199254740993}
    assert {row[names.index("seen_at")] for row in rows} == {FIRST + timedelta(microseconds=1)}
    assert rows[0][names.index("segments")] == {"a": [1, None, "ü"]}
    assert rows[0][names.index("run_id")] == "run-1"


def test_a_second_publish_writes_nothing(shop: Database) -> None:
    """It takes no transaction id at all: no row, no definition and no right is written."""
    query = "select pg_snapshot_xmax(pg_current_snapshot())"
    before = shop.run(query)
    (outcome,) = shop.publish()
    assert outcome.rows == 0
    assert shop.run(query) == before


def test_contracts_are_comments(shop: Database) -> None:
    comment = shop.run("select obj_description('serving.churn_predictions_v1'::regclass)")[0][0]
    assert comment.splitlines() == [
        "The churn_predictions.",
        "Meaning: Chance to leave.",
        "Unit: probability",
        "Intended use: campaign, reporting",
        "Limits: None.",
        "Must not be used for: Pricing.",
        "Maximum age in hours: 72",
        "While action is blocked: skip",
        "Conservative default: 0.5",
    ]
    column = shop.run("select col_description('serving.churn_predictions_v1'::regclass, 2)")
    assert column == [("What score is.",)]


def test_a_deprecated_version_says_so(shop: Database) -> None:
    crm = shop.login("crm", context="campaign")
    query = "select distinct deprecated_on from serving.churn_predictions_v2"
    assert ask(crm, query) == [(None,)]
    shop.lake.run(
        "update lake.operations.served_outputs set deprecated_on = date '2027-03-01'"
        " where relation = 'churn_predictions_v2'"
    )
    shop.publish()
    assert ask(crm, query) == [(date(2027, 3, 1),)]


def test_only_new_runs_are_loaded_and_two_are_kept(shop: Database) -> None:
    """The history grows by the run, across months; of the current marts two runs stay."""
    for number in range(2, 6):
        shop.lake.publish_run("churn", f"run-{number}", FIRST + number * 7 * DAY)
        (outcome,) = shop.publish()
        assert outcome.rows == 150
        shop.publish()
    partitions = shop.run(
        "select count(*), count(distinct inhparent) from pg_inherits"
        " where inhrelid::regclass::text ~ '[.]run_[0-9]+$'"
    )
    assert partitions == [(4, 2)]
    assert shop.run("select count(*) from pg_class where relname ~ '^run_[0-9]+$'") == [(4,)]
    months = shop.run("select relname from pg_class where relname ~ '^month_' and relkind = 'r'")
    assert len(months) == 2
    crm = shop.login("crm", context="campaign")
    query = "select run_id, count(*) from serving.churn_prediction_history_v1 group by 1"
    history = ask(crm, query)
    assert sorted(history) == [(f"run-{number}", 50) for number in range(1, 6)]


def test_a_lookup_by_customer_reads_one_partition_by_its_index(shop: Database) -> None:
    shop.lake.publish_run("churn", "run-2", FIRST + DAY, rows=20_000)
    shop.publish()
    crm = shop.login("crm", context="campaign")
    plan = "\n".join(
        row[0]
        for row in ask(
            crm,
            "explain (analyze, costs off, timing off) select * from serving.churn_predictions_v1"
            " where customer_id = 'C0000001'",
        )
    )
    assert "Index Scan using run_" in plan or "Bitmap Index Scan on run_" in plan
    assert "never executed" in plan
    assert "One-Time Filter" in plan


def test_withdrawing_a_run_serves_the_previous_one(shop: Database) -> None:
    """By a switch while its partition is there, else by loading it again."""
    for number in (2, 3):
        shop.lake.publish_run("churn", f"run-{number}", FIRST + number * DAY)
        shop.publish()
    for run_id, rows in (("run-2", 0), ("run-1", 100)):
        withdraw(shop, run_id)
        (outcome,) = shop.publish()
        assert outcome.rows == rows
        assert served_runs(shop) == [(run_id, 50), (run_id, 50)]
    crm = shop.login("crm", context="campaign")
    states = ask(
        crm,
        "select run_id, bool_or(is_withdrawn) from serving.churn_prediction_history_v1 group by 1",
    )
    assert sorted(states) == [("run-1", False), ("run-2", True), ("run-3", True)]


def test_an_older_snapshot_cannot_read_a_withdrawn_run(shop: Database) -> None:
    """While a transaction over an ordinary publication reads one run to its end."""
    shop.lake.publish_run("churn", "run-2", FIRST + 2 * DAY)
    shop.publish()
    crm = shop.login("crm", context="campaign")
    query = "select min(run_id) from serving.churn_predictions_v1"
    ask(crm, "begin isolation level repeatable read")
    assert ask(crm, query) == [("run-2",)]
    shop.lake.publish_run("churn", "run-3", FIRST + 3 * DAY)
    shop.publish()
    assert ask(crm, query) == [("run-2",)]
    withdraw(shop, "run-2")
    shop.publish()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="begin a new transaction"):
        ask(crm, query)
    ask(crm, "rollback")
    ask(crm, "begin isolation level repeatable read")
    assert ask(crm, query) == [("run-2",)]
    shop.publish()
    assert ask(crm, query) == [("run-2",)]


def withdraw(database: Database, then_current: str) -> None:
    """Withdraw the run that is served; the marts then hold the other one."""
    lake = database.lake
    runs = "lake.operations.run_states"
    lake.run(f"update {runs} set is_served = false, is_current = false where is_current")
    lake.run(f"update {runs} set is_current = true where run_id = ?", then_current)
    ((as_of,),) = lake.run(f"select as_of from {runs} where run_id = ?", then_current)
    lake.run("update lake.operations.serving_states set run_id = ?, as_of = ?", then_current, as_of)
    for version in (1, 2):
        lake.run(f"delete from lake.marts.churn_predictions_v{version}")
        lake.fill(f"churn_predictions_v{version}", "churn", then_current, as_of, 50, 0)


def test_recomputed_slots_are_superseded(shop: Database) -> None:
    shop.lake.publish_run("churn", "run-1b", FIRST)
    shop.publish()
    crm = shop.login("crm", context="campaign")
    states = ask(
        crm,
        "select distinct run_id, is_superseded from serving.churn_prediction_history_v1 order by 1",
    )
    assert states == [("run-1", True), ("run-1b", False)]


def test_a_new_column_appears(shop: Database) -> None:
    """In the middle of the mart too; for former runs it is null, and they are not loaded again."""
    lake = shop.lake
    for relation, columns in (
        ("churn_predictions_v1", COLUMNS),
        ("churn_prediction_history_v1", HISTORY_COLUMNS),
    ):
        lake.run(f"alter table lake.marts.{relation} add column extra double")
        wider = {"customer_id": "text", "extra": "double", **columns}
        contract = ", ".join(
            f'{{"name": "{name}", "data_type": "{kind}"}}' for name, kind in wider.items()
        )
        lake.run(
            "update lake.operations.served_outputs set columns_json = ?, output_schema_version ="
            f" '1.1' where relation = '{relation}'",
            f"[{contract}]",
        )
    (outcome,) = shop.publish()
    assert outcome.rows == 50  # the current run of v1
    lake.publish_run("churn", "run-2", FIRST + DAY)
    lake.run("update lake.marts.churn_prediction_history_v1 set extra = 2 where run_id = 'run-2'")
    shop.publish()
    crm = shop.login("crm", context="campaign")
    cursor = crm.execute("select * from serving.churn_predictions_v1")
    assert [each.name for each in cursor.description or []][:2] == ["customer_id", "extra"]
    query = "select distinct run_id, extra from serving.churn_prediction_history_v1 order by 1"
    assert ask(crm, query) == [("run-1", None), ("run-2", 2.0)]
    lake.run("update lake.marts.churn_prediction_history_v1 set extra = 1 where run_id = 'run-1'")
    assert shop.publish()[0].rows == 0  # published rows never change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"score": "text"}, "column score of churn_predictions_v1 is served as double precision"),
        ({"label": None}, "column label of churn_predictions_v1 is served and is gone"),
        ({"extra": "struct(a integer)"}, "column extra: the type struct"),
    ],
)
def test_a_breaking_change_is_refused(
    shop: Database, change: dict[str, str | None], complaint: str
) -> None:
    """Readers keep the former run, and the message says what to do."""
    columns = {name: kind for name, kind in {**COLUMNS, **change}.items() if kind}
    contract = ", ".join(
        f'{{"name": "{name}", "data_type": "{kind}"}}' for name, kind in columns.items()
    )
    shop.lake.run(
        "update lake.operations.served_outputs set columns_json = ?"
        " where relation = 'churn_predictions_v1'",
        f"[{contract}]",
    )
    shop.lake.publish_run("churn", "run-2", FIRST + DAY)
    (outcome,) = publish(shop.lake.connection, shop.dsn)
    assert complaint in str(outcome.error)
    assert served_runs(shop) == [("run-1", 50), ("run-1", 50)]


def add_column(database: Database) -> None:
    """A compatible change of the first mart: its table and its view must change."""
    contract = ", ".join(
        f'{{"name": "{name}", "data_type": "{kind}"}}'
        for name, kind in {**COLUMNS, "extra": "double"}.items()
    )
    database.lake.run(
        "update lake.operations.served_outputs set columns_json = ?"
        " where relation = 'churn_predictions_v1'",
        f"[{contract}]",
    )
    database.lake.run("alter table lake.marts.churn_predictions_v1 add column extra double")


def test_changing_a_view_waits_for_readers_without_blocking_them(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other readers go on meanwhile; where the first ones never end, the next publish tries."""
    monkeypatch.setattr(lock_retry, "LOCK_TIMEOUT", 2)
    idle = shop.login("crm", context="campaign")
    ask(idle, "begin")
    ask(idle, "select count(*) from serving.churn_predictions_v1")
    add_column(shop)
    query = "select count(*) from serving.churn_predictions_v1"
    with reading(shop, query, prepare=False) as readings:
        (outcome,) = publish(shop.lake.connection, shop.dsn)
    assert "waited 2 s for readers" in str(outcome.error)
    assert readings.errors == []
    assert len(readings.seen) > 20
    assert max(readings.seconds) < 1
    ask(idle, "rollback")
    shop.publish()
    assert ask(idle, "select distinct extra from serving.churn_predictions_v1") == [(None,)]


def test_a_conflicting_view_of_someone_else_is_named(shop: Database) -> None:
    """Columns at the end come without a word; elsewhere the view must be made anew."""
    shop.run("create view public.built_on as select score from serving.churn_predictions_v1")
    add_column(shop)
    shop.publish()
    shop.lake.run(
        "update lake.operations.served_outputs set columns_json ="
        ' replace(columns_json, \'[\', \'[{"name": "first", "data_type": "text"}, \')'
        " where relation = 'churn_predictions_v1'"
    )
    shop.lake.run("alter table lake.marts.churn_predictions_v1 add column first text")
    (outcome,) = publish(shop.lake.connection, shop.dsn)
    assert "public.built_on depends on it" in str(outcome.error)
    shop.run("drop view public.built_on")
    shop.publish()
    crm = shop.login("crm", context="campaign")
    assert ask(crm, "select distinct first, extra from serving.churn_predictions_v1") == [
        (None, None)
    ]


def test_a_removed_version_is_retired(shop: Database) -> None:
    shop.lake.run(
        "delete from lake.operations.served_outputs where relation = 'churn_predictions_v1'"
    )
    shop.publish()
    found = shop.run("select relname from pg_class where relnamespace = 'serving'::regnamespace"
                     " and relkind = 'v' order by 1")  # fmt: skip
    assert found == [("churn_prediction_history_v1",), ("churn_predictions_v2",)]
    assert shop.run("select to_regclass('serving_data.churn_predictions_v1')") == [(None,)]


def test_a_temporary_view_of_a_reader_does_not_prevent_retirement(shop: Database) -> None:
    """It goes with the version; the reader's session goes on."""
    crm = shop.login("crm", context="campaign")
    crm.execute("create temporary view mine as select * from serving.churn_predictions_v1")
    shop.lake.run("delete from lake.operations.served_outputs where output = 'churn_predictions'")
    shop.publish()
    assert shop.run("select to_regclass('serving.churn_predictions_v1')") == [(None,)]
    with pytest.raises(psycopg.errors.UndefinedTable):
        crm.execute("table mine")
    assert ask(crm, "select 1") == [(1,)]


def test_one_products_failure_never_stops_anothers(shop: Database) -> None:
    lake = shop.lake
    for product in ("broken", "clv"):
        lake.add_product(product)
        lake.publish_run(product, f"{product}-1")
    lake.run("update lake.marts.broken_predictions_v1 set model_version = customer_id")
    broken, churn, clv = publish(lake.connection, shop.dsn)
    assert "model_version" in str(broken.error)
    assert "expected one value of each in a run" in str(broken.error)
    assert (churn.error, clv.error, clv.rows) == (None, None, 100)
    assert (clv.product, clv.as_of) == ("clv", FIRST)


def test_a_mart_with_another_run_is_not_published(shop: Database) -> None:
    """Neither as no rows, nor under the name of the run that ought to be served."""
    shop.lake.run("update lake.operations.serving_states set run_id = 'run-2'")
    (outcome,) = publish(shop.lake.connection, shop.dsn)
    assert "holds the run run-1" in str(outcome.error)
    assert served_runs(shop) == [("run-1", 50), ("run-1", 50)]


def test_an_unreachable_or_refusing_server_is_reported(shop: Database) -> None:
    """One error for each product, without the password."""
    for dsn in (
        "postgresql://publisher:s3cret%20word@127.0.0.1:1/db",
        f"postgresql://publisher:s3cret%20word@127.0.0.1:{shop.server.port}/predictions",
        "postgresql://publisher:s3cret word@[",
    ):
        (outcome,) = publish(shop.lake.connection, dsn)
        assert outcome.error
        assert "s3cret" not in outcome.error
        assert outcome.product == "churn"


def test_a_database_in_another_encoding_is_refused(database: Database) -> None:
    name = f"{database.name}_latin"
    database.run(f"create database {name} encoding 'LATIN1' locale 'C' template template0")
    try:
        dsn = database.dsn.replace(f"dbname={database.name}", f"dbname={name}")
        database.lake.add_product("churn")
        (outcome,) = publish(database.lake.connection, dsn)
        assert "the database is in the encoding LATIN1; expected UTF8" in str(outcome.error)
    finally:
        database.run(f"drop database {name} with (force)")


def test_publishers_take_turns(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the lock is named; after the stated time that session is ended. Meanwhile what an
    exposure no longer says is gone already.
    """
    monkeypatch.setattr(exclusive_lock, "LOCK_TIMEOUT", 0.3)
    crm = shop.login("crm", context="campaign")
    read = "select count(*) from serving.churn_predictions_v1"
    other = psycopg.connect(shop.dsn)
    other.execute("lock table serving_data.publisher_turn in exclusive mode")
    shop.lake.run("delete from lake.operations.consumer_contracts where consumer = 'crm'")
    pid = other.info.backend_pid
    (outcome,) = publish(shop.lake.connection, shop.dsn)
    assert f"has been running on this database for 0.3 s: process {pid} of" in str(outcome.error)
    with pytest.raises(psycopg.errors.AdminShutdown):
        ask(crm, read)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="not entitled"):
        ask(shop.login("crm", context="campaign"), read)
    monkeypatch.setattr(exclusive_lock, "ENDED_AFTER", 0.1)
    shop.publish()
    assert shop.run("select count(*) from pg_stat_activity where pid = %s", pid) == [(0,)]
    other.close()


def test_no_reader_can_block_a_publish(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can lock neither what publishers lock, nor by an advisory lock that they would need."""
    monkeypatch.setattr(exclusive_lock, "LOCK_TIMEOUT", 0.3)
    crm = shop.login("crm")
    for key in (0, 1, 5_062_870_411):
        crm.execute("select pg_advisory_lock(%s)", [key])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), crm.transaction():
        crm.execute("lock table serving_data.publisher_turn in access share mode")
    shop.publish()


# --- readers ---------------------------------------------------------------------------------


@dataclass
class Readings:
    """What a reader saw again and again, and the errors it got."""

    seen: list[Any] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def reading(database: Database, query: str, *, prepare: bool) -> Iterator[Readings]:
    """A consumer that reads in a loop, in another thread, until the block ends."""
    readings, stop = Readings(), threading.Event()
    user = database.login("crm").info.user

    def read() -> None:
        dsn = f"{database.dsn_for(user)} password={PASSWORD}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            use(connection, "campaign")
            while not stop.is_set():
                started = time.monotonic()
                try:
                    cursor = connection.execute(query.encode(), prepare=prepare)
                    readings.seen.append(cursor.fetchall())
                    readings.seconds.append(time.monotonic() - started)
                except psycopg.Error as error:
                    readings.errors.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield readings
    finally:
        stop.set()
        thread.join()


WHOLE = """
select v1.*, v2.*, history.newest
from (select min(run_id), max(run_id), count(*) from serving.churn_predictions_v1) as v1,
    (select min(run_id), max(run_id), count(*) from serving.churn_predictions_v2) as v2,
    (select max(run_id) as newest from serving.churn_prediction_history_v1) as history
"""


def test_readers_see_one_whole_run_through_ten_publishes(shop: Database) -> None:
    """Every mart of the product changes at the same instant, for prepared statements too."""
    crm_reads = [reading(shop, WHOLE, prepare=prepare) for prepare in (False, True)]
    with crm_reads[0] as plain, crm_reads[1] as prepared:
        for number in range(2, 12):
            shop.lake.publish_run("churn", f"run-{number:02}", FIRST + number * DAY, 50 + number)
            shop.publish()
    whole = {("run-1", 50), *((f"run-{number:02}", 50 + number) for number in range(2, 12))}
    for readings in (plain, prepared):
        assert readings.errors == []
        assert len(readings.seen) > 20
        for ((first, last, rows, first_2, last_2, rows_2, newest),) in readings.seen:
            assert len({first, last, first_2, last_2}) == 1
            assert rows == rows_2
            assert (first, rows) in whole
            # max() of the texts; "run-1" sorts after "run-0x" and before "run-1x".
            assert newest == max(run for run, _ in whole if age(run) <= age(first))
        runs = [reading[0][0] for reading in readings.seen]
        assert runs == sorted(runs, key=age)


def age(run_id: str) -> int:
    return int(run_id.removeprefix("run-"))


def test_a_long_read_blocks_neither_publish_nor_readers(shop: Database) -> None:
    """It keeps its snapshot for as long as it likes; publishing and other readers go on."""
    long_reader = shop.login("crm", context="campaign")
    ask(long_reader, "begin isolation level repeatable read")
    query = "select min(run_id), count(*) from serving.churn_predictions_v1"
    assert ask(long_reader, query) == [("run-1", 50)]
    other = shop.login("crm", context="campaign")
    for number in range(2, 6):
        shop.lake.publish_run("churn", f"run-{number}", FIRST + number * DAY)
        (outcome,) = shop.publish()
        assert outcome.seconds < 8
        assert ask(other, query) == [(f"run-{number}", 50)]
        assert ask(long_reader, query) == [("run-1", 50)]
    ask(long_reader, "commit")
    assert ask(long_reader, query) == [("run-5", 50)]
    shop.publish()
    assert shop.run("select count(*) from pg_class where relname ~ '^run_[0-9]+$'") == [(4,)]


def test_an_idle_transaction_defers_only_the_cleanup(shop: Database) -> None:
    """A transaction that is left open holds locks on what it has read, but no snapshot."""
    idle = shop.login("crm", context="campaign")
    ask(idle, "begin")
    ask(idle, "select count(*) from serving.churn_predictions_v1")
    other = shop.login("crm", context="campaign")
    for number in range(2, 5):
        shop.lake.publish_run("churn", f"run-{number}", FIRST + number * DAY)
        shop.publish()
        query = "select distinct run_id from serving.churn_predictions_v1"
        assert ask(other, query) == ask(idle, query) == [(f"run-{number}",)]
    # Detaching has begun, and nobody but the next publish can end it.
    assert shop.run("select count(*) from pg_inherits where inhdetachpending") == [(1,)]
    ask(idle, "rollback")
    shop.publish()
    assert shop.run("select count(*) from pg_class where relname ~ '^run_[0-9]+$'") == [(4,)]
    assert shop.run("select count(*) from pg_inherits where inhdetachpending") == [(0,)]


PUBLISHER = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from datetime import timedelta
from tests.support.serving_lake import FIRST, Lake, V2_COLUMNS
from python_scoring.serving import loading, publishing

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def die_within(connection, *values):
    with connection.transaction():
        activate(connection, *values)
        die()

def die_later(*values):
    calls.append(values)
    if len(calls) > {calls}:
        die()
    return original(*values)

calls, activate = [], publishing.activate
original = getattr({module}, {name!r})
setattr({module}, {name!r}, {replacement})
loading.BATCH = 1000
lake = Lake()
lake.add_product("churn")
lake.add_mart("churn", "churn_predictions", 2, "current", V2_COLUMNS)
lake.publish_run("churn", "run-1")
lake.publish_run("churn", "run-2", FIRST + timedelta(days=1), rows={rows})
for mart in (("churn_predictions", 1), ("churn_predictions", 2), ("churn_prediction_history", 1)):
    lake.allow("crm", *mart, "campaign")
publishing.publish(lake.connection, {dsn!r})
"""


# Each kill comes later than the one before: what that one left behind is there.
KILLS = [
    ("loading", "csv.write_csv", 1),  # in the second batch of the first mart
    ("loading", "_set_row_count", 0),  # after the rows of the first mart, before its commit
    ("publishing", "load_current", 1),  # with one current mart loaded and one not
    ("publishing", "wait_for_planned_readers", 0),  # all loaded, nothing shown
    ("publishing", "activate", None),  # within the switch
    ("publishing", "clean_up", 3),  # after the switch
]


def test_a_killed_publish_leaves_the_previous_run_complete(shop: Database) -> None:
    """At whatever point it is killed; the next publish completes it and leaves nothing over."""
    rows = 3_000
    crm = shop.login("crm", context="campaign")
    with reading(shop, WHOLE, prepare=False) as readings:
        for module, name, calls in KILLS:
            owner, _, name_there = f"{module}.{name}".rpartition(".")
            script = PUBLISHER.format(
                tests=str(Path(__file__).parent),
                module=owner,
                name=name_there,
                calls=calls,
                replacement="die_within" if calls is None else "die_later",
                rows=rows,
                dsn=shop.dsn,
            )
            result = subprocess.run(
                [sys.executable, "-c", script],
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                check=False,
            )
            assert result.returncode == -signal.SIGKILL
            run = ("run-2", rows) if name == "clean_up" else ("run-1", 50)
            ((first, last, count, *_),) = ask(crm, WHOLE)
            assert (first, last, count) == (run[0], *run)
        shop.lake.publish_run("churn", "run-2", FIRST + DAY, rows=rows)
        (outcome,) = shop.publish()
        assert outcome.rows == 0  # all had been loaded before the last kill
    assert readings.errors == []
    for ((first, last, count, first_2, last_2, count_2, newest),) in readings.seen:
        assert len({first, last, first_2, last_2, newest}) == 1
        assert count == count_2 == (50 if first == "run-1" else rows)
    assert served_runs(shop) == [("run-2", rows), ("run-2", rows)]
    counts = ask(crm, "select run_id, count(*) from serving.churn_prediction_history_v1 group by 1")
    assert sorted(counts) == [("run-1", 50), ("run-2", rows)]
    left = shop.run("select count(*) from pg_class where relname ~ '^run_[0-9]+$'")
    assert left == [(4,)]


def test_a_publisher_needs_no_superuser(database: Database) -> None:
    """It may create roles, and schemas in its database; it is no consumer of what it publishes."""
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    lake.allow("crm", "churn_predictions", 1, "campaign", withheld=["label"])
    publisher = database.login()
    user = publisher.info.user
    database.run(
        f"alter role {user} createrole; grant create on database {database.name} to {user}"
    )
    dsn = f"{database.dsn_for(user)} password={PASSWORD}"
    for number in range(2, 5):
        (outcome,) = publish(lake.connection, dsn)
        assert (outcome.error, outcome.rows) == (None, 100)
        lake.publish_run("churn", f"run-{number}", FIRST + number * DAY)
    database.run("grant select on serving_data.marts to crm")
    (outcome,) = publish(lake.connection, dsn)
    assert outcome.error is None
    crm = database.login("crm", context="campaign")
    assert ask(crm, "select count(score) from serving.churn_predictions_v1") == [(50,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(crm, "table serving_data.marts")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="is no consumer"):
        ask(publisher, "table serving.churn_predictions_v1")
    database.set_up_publisher(user)
    lake.run("delete from lake.operations.consumer_contracts")
    (outcome,) = publish(lake.connection, dsn)
    assert outcome.error is None
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(database.login("crm"), "table serving.churn_predictions_v1")
