"""The access log is whole, or says from when to when it is not: files, settings, logins, count."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from python_scoring.errors import ServingError
from python_scoring.serving import access_log
from python_scoring.serving.access_log import Load, Progress, load
from python_scoring.serving.log_progress import from_row, to_row
from tests.support.serving_database import PASSWORD, Database, ask

pytestmark = pytest.mark.every_postgres

READ = "select count(*) from serving.churn_predictions_v1"


@pytest.fixture
def shop(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """One product and one consumer, published."""
    monkeypatch.setattr(access_log, "CANARY_TIMEOUT", 1.0)
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    lake.allow("crm", "churn_predictions", 1, "campaign")
    database.publish()
    return database


@pytest.fixture
def loaded(shop: Database) -> Load:
    """The first load, after a read."""
    crm = shop.login("crm", context="campaign")
    ask(crm, READ)
    crm.close()  # else the server counts its decisions after ten seconds
    entries, load = shop.load()
    assert len(entries) == 1
    assert load.message is None
    return load


def progress(load: Load) -> Progress:
    """What the next load begins with: through the row that records it."""
    row = {name: str(value) if isinstance(value, datetime) else value
           for name, value in to_row(load).items()}  # fmt: skip
    known = from_row(row)
    assert known == load.progress
    assert known
    return known


def log_file(shop: Database, load: Load) -> Path:
    assert load.progress
    return shop.server.folder / "log" / load.progress.place.log_file


@pytest.fixture
def rotated(shop: Database) -> Iterator[None]:
    """Whatever a test did to the log, the server begins a new file afterwards."""
    yield
    shop.rotate_log()


def gap(load: Load, after: Progress) -> str:
    """The message of a load with a gap, which begins where the last load was complete."""
    assert load.message
    assert load.gap_from == after.complete_until
    assert load.gap_until
    assert load.gap_until > after.read_until
    return load.message


def test_a_load_reads_up_to_its_canary(shop: Database, loaded: Load) -> None:
    """What comes later is in the next one, and nothing twice, also over rotations and renames."""
    crm = shop.login("crm", context="campaign")
    known = progress(loaded)
    for _ in range(3):
        ask(crm, READ)
        file = log_file(shop, loaded)
        shop.rotate_log()
        ask(crm, READ)
        file.rename(file.with_name(f"renamed-{file.name}"))
        entries, loaded = shop.load(known)
        assert (len(entries), loaded.message) == (2, None)
        assert progress(loaded).complete_until > known.complete_until
        known = progress(loaded)


@pytest.mark.usefixtures("rotated")
def test_a_log_file_that_was_removed_is_a_gap(shop: Database, loaded: Load) -> None:
    """Before it was read to its end; one that was read to its end may go."""
    known = progress(loaded)
    ask(shop.login("crm", context="campaign"), READ)
    unread = log_file(shop, loaded)
    shop.rotate_log()
    ask(shop.login("crm", context="campaign"), READ)
    _, after = shop.load(known)
    unread.unlink()
    entries, again = shop.load(known)
    assert f"the log file {unread.name} was removed before it was read" in gap(again, known)
    assert len(entries) == 1  # of the file that is there
    entries, whole = shop.load(progress(after))
    assert (entries, whole.message) == ([], None)


@pytest.mark.usefixtures("rotated")
def test_a_log_file_that_was_cut_or_replaced_is_a_gap(shop: Database, loaded: Load) -> None:
    known = progress(loaded)
    file = log_file(shop, loaded)
    ask(shop.login("crm", context="campaign"), READ)
    whole = file.read_bytes()
    first_line = whole.index(b"\n") + 1
    os.truncate(file, first_line)
    _, cut = shop.load(known)
    assert f"the log file {file.name} was cut from {known.place.position} bytes to" in gap(
        cut, known
    )
    file.write_bytes(b"{}\n" * known.place.position)
    _, replaced = shop.load(known)
    assert f"the log file {file.name} was replaced by another" in gap(replaced, known)


@pytest.mark.parametrize(
    "setting", ["log_min_messages = 'fatal'", "log_destination = 'stderr'"], ids=["level", "place"]
)
def test_a_log_without_new_lines_is_a_gap_until_it_grows(
    shop: Database, loaded: Load, setting: str
) -> None:
    """The canary does not come. When it comes again, the gap ends, and the next load is whole."""
    known = progress(loaded)
    name = setting.partition(" ")[0]
    with psycopg.connect(shop.dsn, autocommit=True) as operator:
        operator.execute(f"alter system set {setting}".encode())
        operator.execute("select pg_reload_conf()")
        try:
            until = datetime.now() + timedelta(seconds=10)  # noqa: DTZ005 - of this machine alone
            while shop.run(f"show {name}")[0][0] not in setting:
                assert datetime.now() < until  # noqa: DTZ005
            _, silent = shop.load(known)
            message = gap(silent, known)
            assert "a line that this build wrote did not come within 1 s" in message
            _, still = shop.load(progress(silent))
            assert "did not come" in gap(still, known)
        finally:
            operator.execute(f"alter system reset {name}".encode())
            operator.execute("select pg_reload_conf()")
    while shop.run(f"show {name}")[0][0] in setting:
        assert datetime.now() < until + timedelta(seconds=20)  # noqa: DTZ005 - as above
    ask(shop.login("crm", context="campaign"), READ)
    entries, again = shop.load(progress(still))
    assert "the log is written to again" in gap(again, known)
    assert len(entries) == 1
    assert shop.load(progress(again))[1].message is None


def test_decisions_that_the_server_counted_and_the_log_lacks_are_a_gap(
    shop: Database, loaded: Load
) -> None:
    """As where one role's messages are kept out, or a whole file came and went between builds."""
    crm = shop.login("crm", context="campaign")
    user = crm.info.user
    ask(crm, READ)
    crm.close()
    entries, loaded = shop.load(progress(loaded))
    assert (len(entries), loaded.message) == (1, None)
    shop.run(f"alter role {user} set log_min_messages = 'fatal'")
    silent = psycopg.connect(f"{shop.dsn_for(user)} password={PASSWORD}", autocommit=True)
    ask(silent, "set serving.usage_context = 'campaign'")
    for _ in range(3):
        ask(silent, READ)
    silent.close()
    counted = progress(loaded).counted + progress(loaded).uncounted
    wait_until_counted(shop, counted + 6)
    entries, gone = shop.load(progress(loaded))
    assert entries == []
    assert gap(gone, progress(loaded)) == "the server counted 6 decisions that the log lacks"
    assert shop.load(progress(gone))[1].message is None


def test_decisions_that_are_counted_later_are_no_gap(shop: Database, loaded: Load) -> None:
    """The server counts a session's decisions after the transaction that they were made in."""
    crm = shop.login("crm", context="campaign")
    ask(crm, "begin")
    for _ in range(3):
        ask(crm, READ)
    entries, pending = shop.load(progress(loaded))
    assert (len(entries), pending.message) == (3, None)
    assert progress(pending).uncounted >= 6
    ask(crm, "commit")
    crm.close()
    wait_until_counted(shop, progress(loaded).counted + progress(pending).uncounted)
    entries, settled = shop.load(progress(pending))
    assert (entries, settled.message, progress(settled).uncounted) == ([], None, 0)
    shop.run("select pg_stat_reset()")
    ask(shop.login("crm", context="campaign"), READ)
    entries, reset = shop.load(progress(settled))
    assert (len(entries), reset.message) == (1, None)


def wait_until_counted(shop: Database, decisions: int) -> None:
    until = datetime.now() + timedelta(seconds=10)  # noqa: DTZ005 - of this machine alone
    while shop.run(access_log.COUNT)[0][0] < decisions:
        assert datetime.now() < until, shop.run(access_log.COUNT)  # noqa: DTZ005


def test_failed_logins_and_denied_roles_are_in_the_log(shop: Database, loaded: Load) -> None:
    """As denials of the login's role, by PostgreSQL's own words."""
    crm = shop.login("crm")
    user = crm.info.user
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{shop.dsn_for(user)} password=wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{shop.dsn_for('stranger')} password=guessed")
    shop.run("create role shut nologin password 'x'")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"{shop.dsn_for('shut')} password=x")
    for statement in ("set role postgres", "set session authorization postgres",
                      "alter role crm login", "table serving_data.marts"):  # fmt: skip
        with pytest.raises(InsufficientPrivilege):
            ask(crm, statement)
    message = "forged for\ncrm;" + "x" * 1000
    with pytest.raises(InsufficientPrivilege):
        ask(crm, f"do $$ begin raise exception using errcode = '42501', message = '{message}';"
                 " end $$")  # fmt: skip
    entries, _ = shop.load(progress(loaded))
    assert not any(each.allowed for each in entries)
    reasons = [(each.role, str(each.reason)) for each in entries]
    assert [role for role, _ in reasons] == ["crm", "unknown login", "shut", *["crm"] * 5]
    assert "stranger" not in str(entries)
    assert reasons.pop() == ("crm", ("forged for crm;" + "x" * 1000)[:300])
    assert f'password authentication failed for user "{user}"' in reasons[0][1]
    assert "postgres" in reasons[3][1]
    assert "permission denied for schema serving_data" in reasons[-1][1]


def test_load_progress_of_an_older_version_is_continued(shop: Database, loaded: Load) -> None:
    """It knew the newest read's file and place alone."""
    [entry] = shop.entries()
    newest = str(entry.logged_at)
    former = {
        "log_file": entry.log_file,
        "log_position": entry.log_position,
        "read_until": newest,
        "complete_until": newest,
    }
    ask(shop.login("crm", context="campaign"), READ)
    entries, load = shop.load(from_row(former))
    assert (len(entries), load.message) == (1, None)
    assert from_row({}) is None
    assert loaded.progress


def test_a_server_without_a_json_log_is_named(shop: Database) -> None:
    folder = shop.server.folder / "log"
    files = list(folder.glob("*.json"))
    try:
        for file in files:
            file.rename(file.with_suffix(".aside"))
        with pytest.raises(ServingError, match="writes no JSON log"):
            load(shop.dsn, None, print)
    finally:
        for file in files:
            file.with_suffix(".aside").rename(file)
