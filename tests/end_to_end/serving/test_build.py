"""Builds that publish to PostgreSQL: what arrives, what an outage leaves, what readers leave."""

from contextlib import suppress
from itertools import product

import psycopg
import pytest

from python_scoring.serving.log_lines import ONLY_PLANNED
from tests.support.fixtures import Fresh
from tests.support.project import PRODUCTS, Project
from tests.support.serving_attempts import try_every_way
from tests.support.serving_database import Database, use

AWAY = "postgresql://publisher:sesame@127.0.0.1:1/predictions"  # nobody listens there


NOTHING_TO_BUILD = ("run", "--select", "served_outputs")


NEXT_DAY = "2026-11-24T07:00:00"


DENIALS = 10  # denied_access in dbt_project.yml


def incidents(project: Project, cause: str) -> list[tuple[str, str]]:
    return project.query(
        "select product, status from lake.operations.incidents "
        f"where cause = '{cause}' order by product"
    )


def is_served(project: Project, database: Database, name: str) -> None:
    """Each mart of the product in PostgreSQL holds the rows of the mart in the lake."""
    columns = "prediction_id, customer_id, score, label"
    for relation in (f"{name}_predictions_v1", f"{name}_prediction_history_v1"):
        in_lake = project.query(f"select {columns} from lake.marts.{relation} order by 1")
        assert in_lake
        in_postgres = database.run(
            f"select {columns} from serving_data.{relation} order by prediction_id"
        )
        assert in_postgres == in_lake


@pytest.mark.slow
def test_an_outage_leaves_the_lake_published_and_the_next_build_completes(
    fresh: Fresh, database: Database
) -> None:
    """Exit code and incident tell of it, without the password; then everything is there, once."""
    project = fresh()
    result = project.dbt(*NOTHING_TO_BUILD, env={"SERVING_DSN": AWAY}, check=False)
    assert result.returncode != 0
    assert "The serving database does not have what the lake has" in " ".join(result.stdout.split())
    for name in PRODUCTS:
        assert project.query(f"select count(*) > 0 from lake.marts.{name}_predictions_v1") == [
            (True,)
        ]
    everybody = ("all", *PRODUCTS)
    assert incidents(project, "serving_failed") == [(each, "open") for each in everybody]
    stored = project.query("select message from lake.operations.serving_log")
    assert len(stored) == len(everybody)
    assert "sesame" not in f"{result.stdout} {stored}"

    environment = {"SERVING_DSN": database.dsn}
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    for name in PRODUCTS:
        is_served(project, database, name)
    assert incidents(project, "serving_failed") == [(each, "resolved") for each in everybody]
    entries = project.query("select count(*) from lake.operations.serving_log")
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    assert project.query("select count(*) from lake.operations.serving_log") == entries


def test_serve_in_an_empty_warehouse_is_refused(fresh: Fresh, database: Database) -> None:
    """A first build may end before there is a product: that is not the serving database's fault."""
    project = fresh(empty=True)
    project.dbt(*NOTHING_TO_BUILD, env={"SERVING_DSN": database.dsn})
    assert project.query("select * from lake.operations.serving_log") == []
    assert database.run("select to_regnamespace('serving')") == [(None,)]


def test_each_access_is_logged_once(fresh: Fresh, database: Database) -> None:
    """Reads and denials; ten denials of one role are an incident of the product."""
    project, environment = fresh(), {"SERVING_DSN": database.dsn}
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    reader = database.login("retention_workflow", context="retention_campaign")
    [(rows,)] = reader.execute("select count(*) from serving.churn_predictions_v2").fetchall()
    assert [(rows,)] == project.query("select count(*) from lake.marts.churn_predictions_v2")
    intruder = database.login("decision_engine")
    for _ in range(DENIALS):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no usage context"):
            intruder.execute("select * from serving.clv_predictions_v1")
    database.entries()  # waits until the server has written them
    for _ in range(2):
        project.dbt(*NOTHING_TO_BUILD, env=environment)
        assert project.query(
            "select role, output, version, usage_context, allowed, count(*), "
            "count(distinct statement_digest) "
            "from lake.operations.access_log group by all order by 1"
        ) == [
            ("decision_engine", "clv_predictions", 1, None, False, DENIALS, 1),
            ("retention_workflow", "churn_predictions", 2, "retention_campaign", True, 1, 1),
        ]
    assert incidents(project, "access_denied") == [("clv", "open")]


@pytest.mark.slow
def test_a_gap_in_the_log_is_an_incident_until_a_build_finds_it_whole(
    fresh: Fresh, database: Database
) -> None:
    """It says since when nothing is known."""
    project, environment = fresh(), {"SERVING_DSN": database.dsn}
    for _ in range(2):
        project.dbt(*NOTHING_TO_BUILD, env=environment)
    [(complete_until, log_file)] = project.query(
        "select complete_until, log_file from lake.operations.access_log_loads"
        " where outcome = 'complete'"
    )
    database.rotate_log()
    (database.server.folder / "log" / log_file).unlink()
    result = project.dbt(*NOTHING_TO_BUILD, env=environment)
    assert "The access log has a gap from" in result.stdout
    assert incidents(project, "access_log_gap") == [("all", "open")]
    [(gap_from, message)] = project.query(
        "select gap_from, message from lake.operations.access_log_loads"
        " where outcome = 'incomplete'"
    )
    assert gap_from == complete_until
    assert message == f"the log file {log_file} was removed before it was read to its end"
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    assert incidents(project, "access_log_gap") == [("all", "resolved")]


def test_each_consumer_reads_what_its_exposure_says_and_nothing_else(
    fresh: Fresh, database: Database
) -> None:
    """Every consumer, output, version and context, stated or not; each try is in the log."""
    project = fresh()
    project.dbt(*NOTHING_TO_BUILD, env={"SERVING_DSN": database.dsn})
    entitled = set(
        project.query(
            "select role, relation, usage_context from lake.operations.consumer_contracts "
            "inner join lake.operations.served_outputs using (output, version)"
        )
    )
    relations = [
        row[0] for row in project.query("select relation from lake.operations.served_outputs")
    ]
    contexts = ["", "unheard_of", *sorted({context for _, _, context in entitled})]
    tried = set()
    allowed = set()
    for role in sorted({role for role, _, _ in entitled}):
        login = database.login(role)
        for context, relation in product(contexts, relations):
            use(login, context)
            tried.add((role, relation, context))
            with suppress(psycopg.errors.InsufficientPrivilege):
                login.execute(f"select count(*) from serving.{relation}".encode())
                allowed.add((role, relation, context))
    assert allowed == entitled
    logged = [entry for entry in database.entries() if entry.output]
    assert len(logged) == len(tried)
    assert sum(entry.allowed for entry in logged) == len(allowed)


@pytest.mark.slow
@pytest.mark.every_postgres
def test_every_attempt_in_every_way_is_in_the_access_log_of_the_next_build(
    fresh: Fresh, database: Database
) -> None:
    """Consumer, output, version, context and way, allowed or denied, after one whole build."""
    project, environment = fresh(), {"SERVING_DSN": database.dsn}
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    allowed = {
        (role, output, version, context)
        for role, output, version, context in project.query(
            "select role, output, version, usage_context from lake.operations.consumer_contracts"
        )
    }
    marts = project.query("select output, version from lake.operations.served_outputs order by all")
    contexts = ["", "unheard_of", *sorted({context for *_, context in allowed})]
    dashboard = next(role for role, *_ in sorted(allowed) if "dashboard" in role)
    expected = try_every_way(database, marts, contexts, allowed, lenders=[dashboard])
    project.build(env={**environment, "PREDICTION_NOW": NEXT_DAY}, tests="verdicts")
    recorded = project.query(
        "select role, output, version, usage_context, allowed,"
        f" reason is not distinct from '{ONLY_PLANNED}', count(*)"
        " from lake.operations.access_log group by all"
    )
    assert {tuple(row[:-1]): row[-1] for row in recorded} == expected
    assert project.query("select distinct outcome from lake.operations.access_log_loads") == [
        ("complete",)
    ]


@pytest.mark.slow
def test_a_review_of_a_run_is_published_at_once(fresh: Fresh, database: Database) -> None:
    """Withdrawn, consumers have the run before it, here none; released, they have it again. What an
    outage keeps back is an incident, and asking once more, where all is decided, completes it.
    """
    project, environment = fresh(), {"SERVING_DSN": database.dsn}
    project.dbt(*NOTHING_TO_BUILD, env=environment)
    reader = database.login("retention_workflow", context="retention_campaign")
    count = "select count(*) from serving.churn_predictions_v2"
    [(rows,)] = reader.execute(count).fetchall()
    [(run_id,)] = project.query(
        "select run_id from lake.operations.run_states where product = 'churn'"
    )
    arguments = f"{{run_id: {run_id}, reason: tried, by: ana}}"
    withdraw = ("run-operation", "withdraw_run", "--args", arguments)
    project.dbt(*withdraw, env={"SERVING_DSN": AWAY}, check=False)
    assert reader.execute(count).fetchall() == [(rows,)]
    assert incidents(project, "serving_failed") == [(each, "open") for each in PRODUCTS]
    again = project.dbt(*withdraw, env=environment)
    assert "is withdrawn already: nothing to do." in again.stdout
    assert reader.execute(count).fetchall() == [(0,)]
    assert incidents(project, "serving_failed") == [(each, "resolved") for each in PRODUCTS]
    project.dbt("run-operation", "release_run", "--args", arguments, env=environment)
    assert reader.execute(count).fetchall() == [(rows,)]
