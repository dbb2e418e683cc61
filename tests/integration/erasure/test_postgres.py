"""Erasure from PostgreSQL: every partition, by a publisher without further privileges."""

from datetime import timedelta
from typing import Any

import pytest

from python_scoring.errors import ServingError
from python_scoring.serving.customer_removal import find, remove
from python_scoring.serving.publishing import publish
from tests.support.serving_database import PASSWORD, Database, ask
from tests.support.serving_lake import FIRST

PERSON = "C0000007"


CUSTOMER_IDS = (PERSON,)


ROWS = 50


READ = "select count(*) from serving.churn_predictions_v1"


@pytest.fixture
def dsn(database: Database) -> str:
    """Three runs in two months, published by a user who may create roles and no more."""
    lake = database.lake
    lake.add_product("churn")
    lake.allow("crm", "churn_predictions", 1, "campaign")
    lake.allow("crm", "churn_prediction_history", 1, "campaign")
    user = database.login().info.user
    database.run(
        f"alter role {user} createrole; grant create on database {database.name} to {user}"
    )
    dsn = f"{database.dsn_for(user)} password={PASSWORD}"
    for number in range(3):
        lake.publish_run("churn", f"run-{number}", FIRST + timedelta(days=7 * number), ROWS)
        assert [each.error for each in publish(lake.connection, dsn)] == [None]
    return dsn


def content(database: Database) -> list[Any]:
    return [
        database.run(
            f"select * from serving_data.{table} where customer_id <> %s order by 1, 2, 3", PERSON
        )
        for table in ("churn_predictions_v1", "churn_prediction_history_v1")
    ]


def indexes(database: Database) -> list[Any]:
    return database.run(
        "select tablename, indexdef like '%%UNIQUE%%', split_part(indexdef, ' USING ', 2)"
        " from pg_indexes where schemaname = 'serving_data' order by 1, 2, 3"
    )


def test_every_partition_is_rewritten_and_no_erased_row_returns(
    database: Database, dsn: str
) -> None:
    """Kept runs, months of the history; counts, indexes and the others' rows as they were. A reader
    whose transaction began before sees his rows all the while. The next publish loads nothing.
    """
    before, indexed = content(database), indexes(database)
    early = database.login("crm", context="campaign")
    early.execute("begin isolation level repeatable read")
    early.execute("select 1")
    found = find(dsn, CUSTOMER_IDS)
    assert [each.rows for each in found] == [2, 1, 1, 1]
    assert [each.name.split("_")[0] for each in found] == ["month", "month", "run", "run"]

    tasks = remove(dsn, CUSTOMER_IDS)

    assert [task.split(";")[0] for task in tasks] == [
        "vacuum full pg_catalog.pg_statistic",
        "checkpoint",
        "select pg_switch_wal()",
    ]
    assert ask(early, READ) == [(ROWS - 1,)]
    early.execute("commit")
    assert find(dsn, CUSTOMER_IDS) == []
    assert (content(database), indexes(database)) == (before, indexed)
    assert database.run("select distinct row_count from serving_data.runs") == [(ROWS - 1,)]
    assert database.run("select * from pg_class where relname like '%%_erasing'") == []
    database.lake.run("delete from lake.marts.churn_predictions_v1 where customer_id = ?", PERSON)
    database.lake.run(
        "delete from lake.marts.churn_prediction_history_v1 where customer_id = ?", PERSON
    )
    assert [(each.error, each.rows) for each in publish(database.lake.connection, dsn)] == [
        (None, 0)
    ]
    assert (content(database), find(dsn, CUSTOMER_IDS)) == (before, [])
    assert len(remove(dsn, CUSTOMER_IDS)) == 3  # and once more, with nothing to do
    assert remove(database.dsn, CUSTOMER_IDS) == []  # the operator may do it all


def test_an_unserved_partition_is_dropped(database: Database, dsn: str) -> None:
    """What a publish has detached and could not remove yet, and what a killed erasure has left."""
    [(number,)] = database.run(
        "select min(run_number) from serving_data.runs"
        " where to_regclass('serving_data.run_' || run_number) is not null"
    )
    database.run(
        f"alter table serving_data.churn_predictions_v1 detach partition serving_data.run_{number}"
    )
    [(current,)] = database.run("select current_run from serving_data.marts where kind = 'current'")
    publisher = dsn.split("user=")[1].split(maxsplit=1)[0]
    database.run(
        f"create table serving_data.run_{current}_erasing (like serving_data.run_{current});"
        f"alter table serving_data.run_{current}_erasing owner to {publisher}"
    )
    remove(dsn, CUSTOMER_IDS)
    assert find(dsn, CUSTOMER_IDS) == []
    assert database.run("select to_regclass(%s)", f"serving_data.run_{number}") == [(None,)]
    reader = database.login("crm", context="campaign")
    assert ask(reader, READ) == [(ROWS - 1,)]


def test_an_unreachable_server_is_reported_without_password() -> None:
    """Before anything is touched: the command counts what is served first."""
    with pytest.raises(ServingError, match="cannot be erased from") as raised:
        find("postgresql://publisher:sesame@127.0.0.1:1/predictions", CUSTOMER_IDS)
    assert "sesame" not in str(raised.value)
