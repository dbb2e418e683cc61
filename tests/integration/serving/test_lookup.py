"""Freshness in PostgreSQL equals that in the lake; lookup of one customer."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import jinja2
import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from python_scoring.project import PROJECT
from tests.support.serving_database import Database, ask

JUDGE = "select * from serving.judge(%s::timestamp, %s::timestamp, %s, %s, %s, %s, %s::timestamp)"


def lake_sql(call: str, **values: str) -> str:
    """An expression of the project, or a model's text, rendered without dbt."""
    files = (
        "environment/expressions",
        "schedule/slots",
        "operations/freshness",
        "operations/incidents",
    )
    macros = "\n".join((PROJECT / "macros" / f"{file}.sql").read_text() for file in files)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, not HTML
    module = environment.from_string(macros).make_module({"return": str, "exceptions": None})
    context = {"ref": str, "current_utc_timestamp": lambda: "getvariable('read_at')"}
    return environment.from_string(call).render({**vars(module), **context, **values})


@pytest.fixture
def judged(database: Database) -> psycopg.Connection[Any]:
    """The operator's connection, with the functions in place."""
    database.lake.add_product("churn")
    database.publish()
    return database.operator()


def test_age_is_rounded_as_in_the_lake(judged: psycopg.Connection[Any]) -> None:
    """For every second of five days: DuckDB rounds a double, PostgreSQL would round a numeric."""
    seconds = 5 * 86_400
    hours = lake_sql("{{ hours_between('as_of', 'as_of + to_seconds(number)') }}")
    lake = duckdb.connect().execute(
        f"select cast({hours} as text) from (select timestamp '2026-11-20 00:00:00.25' as as_of,"
        f" unnest(range(-100, {seconds})) as number) order by number"
    )
    expected = [row[0] for row in lake.fetchall()]
    found = judged.execute(
        "select age_hours::text from generate_series(-100, %s) as number cross join lateral"
        " serving.judge('2026-11-20 00:00:00.25', '2030-01-01', 72, false, null, '[]',"
        " timestamp '2026-11-20 00:00:00.25' + number * interval '1 second') order by number",
        [seconds - 1],
    ).fetchall()
    assert [row[0] for row in found] == expected


AS_OF = datetime(2026, 11, 20)


@pytest.mark.parametrize("newer_failed", [False, True])
@pytest.mark.parametrize("has_incident", [False, True])
@pytest.mark.parametrize("is_published", [False, True])
def test_freshness_is_that_of_the_lake(
    judged: psycopg.Connection[Any], *, newer_failed: bool, has_incident: bool, is_published: bool
) -> None:
    """At many instants, also at and beside each limit, with incidents and overdue responses.

    PostgreSQL judges by what serving_states said once, long before.
    """
    lake = duckdb.connect()
    lake.execute("""
        create table prediction_contracts as select 'churn' as product, 72 as max_age_hours,
            'o' as sla_owner, 'skip' as action_policy, cast(0.5 as double) as default_score,
            'daily' as cadence, 0 as anchor_days, 9 as deadline_hours;
        create table run_states (run_id text, product text, as_of timestamp, model_version text,
            status text, reason text, recorded_at timestamp, last_entry bigint,
            serving_entry bigint, is_current boolean);
        create view attempts as
            select *, row_number() over (order by last_entry desc) = 1 as is_last from run_states;
        create table incidents (product text, incident_id text, message text, severity text,
            status text);
    """)
    if is_published:
        lake.execute(
            "insert into run_states values ('r1', 'churn', ?, '1', 'published', '', ?, 2, 2, true)",
            [AS_OF, AS_OF],
        )  # fmt: skip
        if newer_failed:
            lake.execute(
                "insert into run_states values ('r2', 'churn', ?, '1', 'failed', '', ?, 3, null,"
                " false)", [AS_OF + timedelta(days=1), AS_OF],
            )  # fmt: skip
    if has_incident:
        lake.execute("insert into incidents values ('churn', 'i1', 'it''s bad.', 'high', 'open')")
    limits = [AS_OF + timedelta(hours=hours) for hours in (0, 24, 33, 72, 96, 120)]
    instants = [
        limit + step
        for limit in limits
        for step in (
            *(timedelta(seconds=seconds) for seconds in (-19, -18, -17, -1, 0, 1, 17, 18, 19)),
            timedelta(microseconds=-1),
            timedelta(microseconds=1),
        )
    ]
    instants += [AS_OF + timedelta(minutes=37 * number) for number in range(100)]
    operations = PROJECT / "models" / "operations"
    for view in ("product_states", "blocking_incidents"):
        text = lake_sql((operations / f"{view}.sql").read_text())
        lake.execute(f"create view {view} as {text}")
    lake.execute("""
        create view review_duties as
        select 'churn' as product, incident_id, 'plan' as subject, due_on, 'response' as duty,
            due_on < cast(getvariable('read_at') as date) as is_overdue, false as is_done
        from (values ('e1', date '2026-11-21'), ('e2', date '2026-11-24'))
            as due (incident_id, due_on)
    """)
    freshness = lake_sql((operations / "prediction_freshness.sql").read_text())
    serving_states = lake_sql((operations / "serving_states.sql").read_text())
    lake.execute("set variable read_at = ?", [AS_OF])
    state = lake.execute(
        "select as_of, fresh_until, max_age_hours, newer_run_failed, incident_reason,"
        f" pending_responses from ({serving_states})"
    ).fetchall()[0]
    columns = "age_hours, freshness, served_as, action_allowed, action_blocked_reason"
    for read_at in instants:
        lake.execute("set variable read_at = ?", [read_at])
        expected = lake.execute(f"select {columns} from ({freshness})").fetchall()
        found = judged.execute(JUDGE, [*state, read_at]).fetchall()
        assert found == expected, read_at


def now_of(database: Database) -> datetime:
    found: datetime = database.run("select now() at time zone 'utc'")[0][0]
    return found


LOOK_UP = (
    "select outcome, score, label, age_hours, freshness, action_allowed, reason, model_version,"
    " prediction_id is not null from serving.lookup_prediction('{}', '{}', 'campaign')"
)


def look_up(
    connection: psycopg.Connection[Any], product: str, customer: str = "C0000001"
) -> tuple[Any, ...]:
    found: tuple[Any, ...] = ask(connection, LOOK_UP.format(product, customer))[0]
    return found


def test_every_outcome_of_a_lookup(database: Database) -> None:
    """By freshness, incidents and policy; for customers with and without a prediction."""
    lake = database.lake
    policies = {"churn": "skip", "clv": "default_score", "segments": "last_known_good"}
    now = now_of(database).replace(microsecond=0)
    for product, policy in policies.items():
        lake.add_product(product, policy, 0.25)
        lake.allow("crm", f"{product}_predictions", 1, "campaign")
    database.publish()
    crm = database.login("crm")

    for product, outcome in (("churn", "skip"), ("clv", "default"), ("segments", "skip")):
        score = 0.25 if outcome == "default" else None
        found = look_up(crm, product)
        assert found[:6] == (outcome, score, None, None, "never published", False)
        assert found[6] == "Nothing was published yet."

    for product in policies:
        lake.publish_run(product, f"{product}-1", now - timedelta(hours=10))
    database.publish()
    for product in policies:
        assert look_up(crm, product)[:2] == ("current", 1 / 997)
        assert look_up(crm, product)[2:] == (
            "high", look_up(crm, product)[3], "fresh", True, "This is the current prediction.",
            "1.0.0", True,
        )  # fmt: skip
    for product, outcome in (("churn", "skip"), ("clv", "default"), ("segments", "skip")):
        found = look_up(crm, product, "nobody")
        assert found[:2] == (outcome, 0.25 if outcome == "default" else None)
        assert found[5:] == (
            False, "The customer has no prediction in the run that is served.", None, False,
        )  # fmt: skip

    lake.run("update lake.operations.serving_states set newer_run_failed = true")
    database.publish()
    for product in policies:
        found = look_up(crm, product)
        assert found[0] == "last_known_good"
        assert found[5] is True
        assert "last known good" in found[6]

    lake.run(
        "update lake.operations.serving_states set incident_reason = 'The incident i1 is open.'"
    )
    database.publish()
    expected = {
        "churn": ("skip", None, None),
        "clv": ("default", 0.25, None),
        "segments": ("last_known_good", 1 / 997, "high"),
    }
    for product, outcome_score_label in expected.items():
        found = look_up(crm, product)
        assert found[:3] == outcome_score_label
        assert found[5:7] == (False, "The incident i1 is open.")
        assert found[3] >= 10

    lake.run(
        "update lake.operations.serving_states"
        " set incident_reason = null, newer_run_failed = false, pending_responses = ?",
        '[{"due_on": "2020-01-01", "reason": "A response is overdue."}]',
    )
    database.publish()
    assert look_up(crm, "segments")[5:7] == (False, "A response is overdue.")


def test_before_the_first_publication_the_answer_is_to_skip(database: Database) -> None:
    """Also where the first publish of the product failed half-way; it is no denial."""
    database.lake.add_product("churn")
    database.lake.allow("crm", "churn_predictions", 1, "campaign", valid_until=date(2030, 1, 1))
    database.publish()
    crm = database.login("crm", context="campaign")
    lookup = (
        "select outcome, score, action_allowed, reason"
        " from serving.lookup_prediction('churn', 'C1', 'campaign')"
    )
    expected = [("skip", None, False, "Nothing was published yet.")]
    assert ask(crm, lookup) == expected
    database.run("delete from serving_data.product_states")
    assert ask(crm, lookup) == expected
    assert [entry.allowed for entry in database.entries()] == [True, True]


def test_a_lookup_needs_an_entitlement_and_is_logged(database: Database) -> None:
    """To any version of the product's mart in that context; the newest one answers."""
    lake = database.lake
    lake.add_product("churn")
    lake.add_mart(
        "churn", "churn_predictions", 2, "current", {"customer_id": "text", "run_id": "text"}
    )
    lake.publish_run("churn", "run-1", now_of(database) - timedelta(hours=10))
    lake.allow("crm", "churn_predictions", 1, "campaign", "reporting")
    lake.allow("crm", "churn_predictions", 2, "reporting")
    lake.allow("viewer", "churn_prediction_history", 1, "campaign")
    database.publish()
    crm, viewer = database.login("crm"), database.login("viewer")
    query = "select score from serving.lookup_prediction('{}', 'C0000001', {})"
    assert ask(crm, query.format("churn", "'campaign'")) == [(1 / 997,)]
    assert ask(crm, query.format("churn", "'reporting'")) == [(None,)]  # v2 has no score
    for connection, product, context in (
        (crm, "churn", "'pricing'"),
        (crm, "churn", "null"),
        (crm, "nothing", "'campaign'"),
        (viewer, "churn", "'campaign'"),
        (database.operator(), "churn", "'campaign'"),
    ):
        with pytest.raises(InsufficientPrivilege, match="access denied"):
            ask(connection, query.format(product, context))
    found = [
        (each.role, each.output, each.version, each.usage_context, each.allowed)
        for each in database.entries()
    ]
    assert found == [
        ("crm", "churn_predictions", 1, "campaign", True),
        ("crm", "churn_predictions", 2, "reporting", True),
        ("crm", "churn_predictions", None, "pricing", False),
        ("crm", "churn_predictions", None, None, False),
        ("crm", "nothing", None, "campaign", False),
        ("viewer", "churn_predictions", None, "campaign", False),
    ]


def test_the_views_judge_by_the_clock_of_the_reader(database: Database) -> None:
    """Without any publish in between, predictions turn due and stale as time goes by."""
    lake = database.lake
    lake.add_product("churn")
    now = now_of(database)
    lake.publish_run("churn", "run-1", now - timedelta(hours=33) + timedelta(seconds=2))
    lake.allow("crm", "churn_predictions", 1, "campaign")
    database.publish()
    crm = database.login("crm", context="campaign")
    query = "select distinct freshness from serving.churn_predictions_v1"
    seen = [ask(crm, query)]
    while seen[-1] == [("fresh",)] and len(seen) < 1000:
        ask(crm, "select pg_sleep(0.05)")
        seen.append(ask(crm, query))
    assert seen[-1] == [("due",)]


def test_the_sql_files_name_no_product() -> None:
    for file in (PROJECT / "python_scoring/serving/sql").glob("*.sql"):
        assert not re.search("churn|clv|segmentation", file.read_text())
