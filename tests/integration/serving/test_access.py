"""Consumers of the serving database get what they are entitled to, and nothing by any other way."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import product as combinations
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from python_scoring.errors import ServingError
from python_scoring.serving import customer_removal
from python_scoring.serving.access_log import load
from python_scoring.serving.log_lines import ONLY_PLANNED
from python_scoring.serving.publishing import publish
from tests.support.serving_attempts import try_every_way
from tests.support.serving_database import PASSWORD, Database, ask, use
from tests.support.serving_lake import V2_COLUMNS

pytestmark = pytest.mark.every_postgres

# (consumer, output, version, contexts, last day)
ENTITLEMENTS = [
    ("crm", "churn_predictions", 1, ["campaign"], None),
    ("crm", "churn_predictions", 2, ["campaign"], None),
    ("retention", "churn_predictions", 2, ["campaign", "reporting"], None),
    ("retention", "churn_prediction_history", 1, ["reporting"], None),
    ("dashboard", "churn_predictions", 1, ["reporting"], None),
    ("dashboard", "churn_prediction_history", 1, ["reporting"], None),
    ("dashboard", "clv_predictions", 1, ["reporting"], None),
    ("dashboard", "clv_prediction_history", 1, ["reporting"], None),
    ("pricing", "clv_predictions", 1, ["pricing"], None),
    ("pricing", "churn_predictions", 1, ["campaign"], date(2020, 1, 1)),
]


MARTS = [
    ("churn_predictions", 1),
    ("churn_predictions", 2),
    ("churn_prediction_history", 1),
    ("clv_predictions", 1),
    ("clv_prediction_history", 1),
]


CONTEXTS = ["campaign", "reporting", "pricing", "", "Campaign", "campaign' or true --"]


@pytest.fixture
def shop(database: Database) -> Database:
    """Two products, five marts and four consumers, published."""
    lake = database.lake
    lake.add_product("churn")
    lake.add_mart("churn", "churn_predictions", 2, "current", V2_COLUMNS)
    lake.add_product("clv", "default_score", 1.5)
    lake.publish_run("churn", "churn-1")
    lake.publish_run("clv", "clv-1")
    for consumer, output, version, contexts, valid_until in ENTITLEMENTS:
        lake.allow(consumer, output, version, *contexts, valid_until=valid_until)
    database.publish()
    return database


def refused(connection: psycopg.Connection[Any], query: str) -> str:
    """The message of a query that must be denied."""
    with pytest.raises(psycopg.Error) as caught:
        ask(connection, query)
    assert isinstance(caught.value, InsufficientPrivilege), caught.value
    return str(caught.value)


def test_every_consumer_output_version_and_context(shop: Database) -> None:
    """Allowed where the exposure says so and logged; denied and logged everywhere else."""
    allowed = {
        (consumer, output, version, context)
        for consumer, output, version, contexts, last_day in ENTITLEMENTS
        for context in contexts
        if last_day is None
    }
    expected = []
    for consumer in ("crm", "retention", "dashboard", "pricing"):
        connection = shop.login(consumer)
        for (output, version), context in combinations(MARTS, CONTEXTS):
            use(connection, context)
            is_allowed = (consumer, output, version, context) in allowed
            query = f"select count(*) from serving.{output}_v{version}"
            if is_allowed:
                assert ask(connection, query) == [(50,)]
            else:
                refused(connection, query)
            expected.append((consumer, output, version, context, is_allowed))
    found = [
        (each.role, each.output, each.version, each.usage_context, each.allowed)
        for each in shop.entries()
    ]
    assert found == expected


def test_each_attempt_in_each_way_is_decided_and_logged(shop: Database) -> None:
    """Consumer, output, version, context, and the ways that a reader has to come to rows."""
    allowed = {
        (consumer, output, version, context)
        for consumer, output, version, contexts, last_day in ENTITLEMENTS
        for context in contexts
        if last_day is None
    }
    expected = try_every_way(shop, MARTS, CONTEXTS, allowed, lenders=("crm", "dashboard"))
    found = Counter(
        (each.role, each.output, each.version, each.usage_context, each.allowed,
         each.reason == ONLY_PLANNED)
        for each in shop.entries()
    )  # fmt: skip
    assert found == expected


def test_denials_say_which_and_what_to_do(shop: Database) -> None:
    crm, pricing = shop.login("crm"), shop.login("pricing", context="campaign")
    read = "select * from serving.churn_predictions_v1"
    assert "no usage context was stated" in refused(crm, read)
    use(crm, "pricing")
    message = refused(crm, read)
    assert "not entitled to churn_predictions v1 in the usage context 'pricing'" in message
    assert "state one of 'campaign'" in message
    assert "ended on 2020-01-01" in refused(pricing, read)
    assert (
        "crm is not entitled to the output clv_predictions; name it under meta.access"
        in refused(crm, "select * from serving.clv_predictions_v1")
    )
    assert "is no consumer" in refused(shop.operator(), read)


def test_the_last_valid_day_counts(shop: Database) -> None:
    """An entitlement holds through its last day, by the clock of the server in UTC."""
    crm = shop.login("crm", context="campaign")
    today = shop.run("select cast(now() at time zone 'utc' as date)")[0][0]
    for days, is_allowed in ((0, True), (-1, False)):
        shop.run(
            "update serving_data.entitlements set valid_until = cast(%s as date) + %s", today, days
        )
        if is_allowed:
            assert ask(crm, "select count(*) from serving.churn_predictions_v1") == [(50,)]
        else:
            assert "ended on" in refused(crm, "select * from serving.churn_predictions_v1")
            assert "ended on" in refused(
                crm, "select serving.lookup_prediction('churn', 'C0000001', 'campaign')"
            )


ATTACKS = [
    "set role crm",
    "set role postgres",
    "set session authorization crm",
    "select set_config('role', 'crm', false)",
    "table serving.churn_predictions_v1",
    "copy (select * from serving.churn_predictions_v1) to stdout",
    "explain analyze select * from serving.churn_predictions_v1",
    "create temp view mine as select * from serving.churn_predictions_v1; table mine",
    "create temp table mine as select * from serving.churn_predictions_v1",
    "select serving.authorize('churn_predictions', 1)",
    "select * from serving.lookup_prediction('churn', 'C0000001', 'campaign')",
    "table serving_data.churn_predictions_v1",
    "table serving_data.churn_prediction_history_v1",
    "table serving_data.run_2",
    "copy serving_data.run_2 to stdout",
    "table serving_data.entitlements",
    "table serving_data.marts",
    "table serving_data.runs",
    "select * from serving_data.find_prediction('churn_predictions_v1', 1, 'C0000001')",
    "select serving_data.refusal('crm', 'churn_predictions', 1, 'campaign', false)",
    "insert into serving_data.entitlements values ('pricing', 1, 'churn_predictions', 1, 'x')",
    "update serving_data.entitlements set valid_until = null",
    "create table serving.mine (a integer)",
    "create table serving_data.mine (a integer)",
    (
        "create function serving.authorize(output text, version bigint) returns boolean"
        " language sql return true"
    ),
    "drop view serving.churn_predictions_v1",
    "grant crm to current_user",
    "table serving_data.product_states",
    "select * from pg_statistic",
    "select pg_read_file('log/x')",
    "copy (select 1) to program 'true'",
    "prepare mine as select * from serving.churn_predictions_v1; execute mine",
    "declare mine cursor with hold for select * from serving.churn_predictions_v1",
    (
        "create function pg_temp.pg_has_role(oid, oid, text) returns boolean language sql"
        " return true; set search_path = pg_temp, pg_catalog; table serving.churn_predictions_v1"
    ),
    (
        "create temp table entitlements (role text); create temp table consumers (role text);"
        " set search_path = pg_temp, serving, pg_catalog; select * from churn_predictions_v1"
    ),
]


def test_rows_are_readable_through_views_only(shop: Database) -> None:
    """Consumers try whose entitlement has ended, and who never had any to that product."""
    shop.lake.allow("outsider", "clv_predictions", 1, "campaign")
    shop.publish()
    for consumer in ("pricing", "outsider"):
        for attack in ATTACKS:
            refused(shop.login(consumer, context="campaign"), attack)


def test_consumers_cannot_grant(shop: Database) -> None:
    """PostgreSQL only warns that nothing was granted."""
    crm, pricing = shop.login("crm"), shop.login("pricing", context="pricing")
    ask(crm, "grant select on serving.churn_predictions_v2 to public")
    ask(crm, "alter default privileges in schema serving grant select on tables to public")
    assert "not entitled" in refused(pricing, "table serving.churn_predictions_v2")


def test_explain_shows_no_estimates_without_access(shop: Database) -> None:
    """It runs nothing, so the planner itself is refused, and that is logged; in every way to it."""
    pricing = shop.login("pricing", context="campaign")
    read = "select * from serving.churn_predictions_v1 where label = 'high' and score > 0.9"
    ask(pricing, f"prepare mine as {read}")
    statements = [
        f"explain {read}",
        f"explain (generic_plan) {read}",
        f"explain (costs, verbose, settings) {read}",
        "explain execute mine",
        f"declare mine cursor with hold for {read}",
        f"explain create table mine as {read}",
        f"explain select * from generate_series(1, 3) where exists ({read})",
        f"do $$ begin execute $e$ explain {read} $e$; exception when others then null; end $$",
    ]
    for statement in statements[:-1]:
        assert "ended on" in refused(pricing, statement)
    ask(pricing, statements[-1])
    found = shop.entries()
    assert [(each.role, each.output, each.allowed) for each in found] == [
        ("pricing", "churn_predictions", False)
    ] * len(statements)


def test_explain_is_allowed_and_logged_for_readers(shop: Database) -> None:
    """Once for each statement, whether it was only planned or also run."""
    crm = shop.login("crm", context="campaign")
    read = "select count(*) from serving.churn_predictions_v1"
    plan = ask(crm, f"explain {read}")
    assert plan
    ask(crm, read)
    ask(crm, f"explain analyze {read}")
    found = [(each.allowed, (each.reason or "")[:12]) for each in shop.entries()]
    assert sorted(found) == [(True, ""), (True, ""), (True, "Only planned")]


def test_partitions_have_no_statistics(shop: Database) -> None:
    """Neither of values nor of how many rows they have, also after an erasure and an analyze."""
    shop.lake.publish_run("churn", "churn-2", rows=60)
    shop.publish()
    customer_removal.remove(shop.dsn, ["C0000007"])
    pricing = shop.login("pricing")
    partitions = (
        "from pg_class where relnamespace = 'serving_data'::regnamespace"
        " and relname ~ '^(run|month)_[0-9_]+$'"
    )
    counts = ask(pricing, f"select relname, reltuples, relpages, reloptions {partitions}")
    assert len(counts) == 7
    assert {tuple(row[1:3]) for row in counts} == {(-1.0, 0)}
    assert {row[3][0] for row in counts} == {"autovacuum_enabled=off"}
    shop.run("analyze")
    known = shop.run(
        "select attname, most_common_vals::text from pg_stats"
        " where schemaname = 'serving_data' and tablename ~ '^(run|month)_'"
    )
    assert {name for name, _ in known} == {"run_number"}  # one in each partition of a run
    assert len(set(known)) == 5


def test_the_planner_expects_the_rows_of_the_served_run(shop: Database) -> None:
    """Else it would join two outputs row by row; also after an erasure."""
    shop.lake.publish_run("churn", "churn-2", rows=20_000)
    shop.publish()
    crm = shop.login("crm", context="campaign")
    for _ in range(2):
        [(plan,)] = ask(crm, "explain (format json) table serving.churn_predictions_v1")
        expected = sum(
            each["Plan Rows"]
            for each in nodes(plan[0]["Plan"])
            if each.get("Relation Name", "").startswith("run_")
        )
        assert 5_000 < expected < 80_000
        customer_removal.remove(shop.dsn, ["C0000007"])


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node and all below it."""
    yield plan
    for each in plan.get("Plans", []):
        yield from nodes(each)


def test_views_and_functions_do_not_transfer_access(shop: Database) -> None:
    """Neither a view nor a function of an entitled consumer serves one that is not.

    Who reads is who is logged in: a view's owner lends rights to its readers, but no entitlement.
    """
    crm = shop.login("crm", context="campaign")
    pricing = shop.login("pricing", context="campaign")
    lender = crm.info.user
    shop.run(f"create schema shared authorization {lender}")
    for statement in (
        "create view shared.lent as select * from serving.churn_predictions_v1",
        (
            "create function shared.lent() returns setof text language sql security definer"
            " as 'select customer_id from serving.churn_predictions_v1'"
        ),
        (
            "create function shared.looked_up() returns text language sql security definer"
            " as $$select label from serving.lookup_prediction('churn', 'C0000001', 'campaign')$$"
        ),
        "grant usage on schema shared to public; grant select on shared.lent to public",
    ):
        ask(crm, statement)
    assert ask(crm, "select count(*) from shared.lent") == [(50,)]
    for query in ("table shared.lent", "select shared.lent()", "select shared.looked_up()"):
        assert "access denied" in refused(pricing, query)


def test_a_login_with_two_roles_has_the_access_of_both(shop: Database) -> None:
    both = shop.login("crm", "pricing", context="pricing")
    assert ask(both, "select count(*) from serving.clv_predictions_v1") == [(50,)]
    assert "in the usage context 'pricing'" in refused(both, "table serving.churn_predictions_v1")
    ask(both, "set role crm")
    assert "crm is not entitled" in refused(both, "table serving.clv_predictions_v1")


def test_a_removed_entitlement_is_gone_with_the_next_publish(shop: Database) -> None:
    """Sessions that may have read by it are ended; other contexts stay."""
    retention = shop.login("retention", context="campaign")
    crm = shop.login("crm", context="campaign")
    ask(retention, "prepare mine as select count(*) from serving.churn_predictions_v2")
    assert ask(retention, "execute mine") == [(50,)]
    contracts = "lake.operations.consumer_contracts"
    shop.lake.run(
        f"delete from {contracts} where consumer = 'retention' and usage_context <> 'reporting'"
    )
    shop.publish()
    assert_ended(retention)
    read = "select count(*) from serving.churn_predictions_v2"
    retention = shop.login("retention", context="campaign")
    assert "not entitled" in refused(retention, read)
    use(retention, "reporting")
    assert ask(retention, read) == [(50,)]
    shop.lake.run(f"delete from {contracts} where consumer = 'retention' and version = 2")
    shop.publish()
    retention = shop.login("retention", context="reporting")
    assert "not entitled to the output churn_predictions" in refused(retention, read)

    shop.lake.run(f"delete from {contracts} where consumer = 'retention'")
    shop.publish()
    assert_ended(retention)
    assert "permission denied for schema" in refused(
        shop.login("retention"), "table serving.churn_prediction_history_v1"
    )
    role = shop.run("select rolcanlogin from pg_roles where rolname = 'retention'")
    assert role == [(False,)]
    assert not shop.run("select has_schema_privilege('retention', 'serving', 'usage')")[0][0]
    assert ask(crm, read) == [(50,)]  # who lost nothing reads on


def assert_ended(connection: psycopg.Connection[Any]) -> None:
    """The server has ended the session."""
    with pytest.raises(psycopg.errors.AdminShutdown):
        ask(connection, "select 1")


def test_changes_without_a_revocation_end_no_session(shop: Database) -> None:
    """More days, fewer withheld columns, or a new context."""
    crm = shop.login("crm", context="campaign")
    last_day = (
        "update lake.operations.consumer_contracts set valid_until = ? where consumer = 'crm'"
    )
    shop.lake.run(last_day, date(2100, 1, 1))
    shop.publish()
    assert_ended(crm)
    crm = shop.login("crm", context="campaign")
    shop.lake.run(last_day, date(2101, 1, 1))
    shop.lake.allow("crm", "churn_predictions", 1, "reporting")
    shop.publish()
    assert ask(crm, "select count(*) from serving.churn_predictions_v1") == [(50,)]


def test_an_open_transaction_ends_with_its_entitlement(shop: Database) -> None:
    """Even if it reads from a snapshot in which the entitlement is still there."""
    retention = shop.login("retention", context="campaign")
    crm = shop.login("crm", context="campaign")
    query = "select count(*) from serving.churn_predictions_v2"
    for connection in (retention, crm):
        ask(connection, "begin isolation level repeatable read")
        assert ask(connection, query) == [(50,)]
    shop.lake.allow("newcomer", "churn_predictions", 2, "campaign")
    shop.publish()
    assert ask(retention, query) == [(50,)]
    contracts = "lake.operations.consumer_contracts"
    shop.lake.run(
        f"delete from {contracts} where consumer = 'retention' and usage_context = 'campaign'"
    )
    shop.publish()
    assert_ended(retention)
    assert "begin a new transaction" in refused(crm, query)
    ask(crm, "rollback")
    ask(crm, "begin isolation level repeatable read")
    assert ask(crm, query) == [(50,)]
    lookup = "select outcome from serving.lookup_prediction('churn', 'C0000001', 'campaign')"
    assert ask(crm, lookup) == [("skip",)]
    assert "not entitled" in refused(shop.login("retention", context="campaign"), query)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_an_open_cursor_ends_with_its_entitlement(shop: Database, isolation: str) -> None:
    """Also in a session that the publisher may not end: neither opened before, nor fetched from."""
    for relation in ("churn_predictions_v2", "churn_prediction_history_v1"):
        (definition,) = shop.run(f"select pg_get_viewdef('serving.{relation}'::regclass)")[0]
        assert "'00:00:10'" in definition
        without_grace = definition.replace("'00:00:10'", "'00:00:00'")
        shop.run(
            f"create or replace view serving.{relation} with (security_barrier) as {without_grace}"
        )
    retention = shop.login("retention", context="reporting")
    ask(retention, f"begin isolation level {isolation}")
    for name, relation in (
        ("opened", "churn_predictions_v2"),
        ("read", "churn_predictions_v2"),
        ("history", "churn_prediction_history_v1"),
    ):
        query = f"declare {name} cursor for select customer_id from serving.{relation}"
        ask(retention, query)
    assert len(ask(retention, "fetch 10 from read")) == 10
    assert len(ask(retention, "fetch 10 from history")) == 10
    # As a publisher does it, but for the end of the sessions.
    shop.run("delete from serving_data.entitlements where role = 'retention';"
             "update serving_data.last_revocation set number = number + 1")  # fmt: skip
    shop.run("select setval('serving_data.revocations', number) from serving_data.last_revocation")
    for name in ("opened", "read", "history"):
        ask(retention, "savepoint before")
        assert "what may be read has changed" in refused(retention, f"fetch 10 from {name}")
        ask(retention, "rollback to before")
    denied = [each for each in shop.entries() if not each.allowed]
    assert [(each.role, each.output) for each in denied] == [
        ("retention", "churn_predictions"),
        ("retention", "churn_predictions"),
        ("retention", "churn_prediction_history"),
    ]


def test_a_read_ends_when_the_entitlement_expires(shop: Database) -> None:
    """By the clock of each row, not of the statement's beginning."""
    crm = shop.login("crm", context="campaign")
    check = (
        "select serving.authorize_row('churn_predictions', 1, clock_timestamp() {} interval '1 s')"
    )
    assert ask(crm, check.format("+")) == [(True,)]
    refused(crm, check.format("-"))
    until = "select serving.authorized_until('churn_predictions', 1)"
    assert ask(crm, f"select ({until}) = 'infinity'") == [(True,)]
    today = "cast(clock_timestamp() at time zone 'utc' as date)"
    shop.run(f"update serving_data.entitlements set valid_until = {today} where role = 'crm'")
    assert ask(crm, f"select ({until}) at time zone 'utc' = {today} + 1") == [(True,)]


def test_an_interrupted_revocation_is_enforced_by_the_next_publish(shop: Database) -> None:
    """Killed after the commit, before old snapshots are refused and sessions ended."""
    retention = shop.login("retention", context="campaign")
    assert ask(retention, "select count(*) from serving.churn_predictions_v2") == [(50,)]
    shop.lake.run("delete from lake.operations.consumer_contracts where consumer = 'retention'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("python_scoring.serving.access.enforce_revocations", killed)
        outcomes = publish(shop.lake.connection, shop.dsn)
    assert {each.error for each in outcomes} == {"killed"}
    assert ask(retention, "select 1") == [(1,)]
    shop.publish()
    assert_ended(retention)
    assert shop.run("select * from serving_data.revoked_roles") == []
    crm = shop.login("crm", context="campaign")
    assert ask(crm, "select count(*) from serving.churn_predictions_v2") == [(50,)]


def killed(_: object) -> list[str]:
    raise ServingError("killed")


def test_a_publisher_ends_the_sessions_of_its_consumers_and_no_others(database: Database) -> None:
    """By the operator's function; without it the outcome names the file, and nothing is hidden."""
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    lake.allow("crm", "churn_predictions", 1, "campaign")
    lake.allow("bi", "churn_predictions", 1, "campaign")
    publisher = database.login()
    user = publisher.info.user
    database.run(
        f"alter role {user} createrole; grant create on database {database.name} to {user}"
    )
    dsn = f"{database.dsn_for(user)} password={PASSWORD}"
    assert [each.error for each in publish(lake.connection, dsn)] == [None]
    crm, bi, other = database.login("crm"), database.login("bi"), database.login()
    lake.run("delete from lake.operations.consumer_contracts where consumer = 'crm'")
    (outcome,) = publish(lake.connection, dsn)
    assert "role 'crm': lost an entitlement" in str(outcome.error)
    assert "0_operator.sql" in str(outcome.error)
    database.set_up_publisher(user)
    assert [each.error for each in publish(lake.connection, dsn)] == [None]
    assert_ended(crm)
    for untouched in (bi, other, publisher):
        assert ask(untouched, "select 1") == [(1,)]
    role = database.run("select oid from pg_roles where rolname = 'pg_read_all_stats'")[0][0]
    end = "select serving_operator.end_sessions({}, clock_timestamp())"
    assert "does not administer" in refused(publisher, end.format(role))
    refused(bi, end.format(role))


def test_manual_grants_are_revoked(shop: Database) -> None:
    """For consumers and PUBLIC alike, in both schemas, whatever the kind of object."""
    pricing = shop.login("pricing", context="pricing")
    for statement in (
        "grant select on serving.churn_predictions_v1 to pricing with grant option",
        "grant select (customer_id) on serving.churn_predictions_v2 to public",
        "grant usage on schema serving_data to pricing; grant create on schema serving to pricing",
        "grant all on all tables in schema serving_data to pricing, public",
        "grant all on all sequences in schema serving_data to pricing",
        "grant execute on all functions in schema serving_data to public",
        "grant crm to pricing; grant pg_read_all_data to pricing",
        "alter role pricing createdb login",
    ):
        shop.run(statement)
    assert ask(pricing, "select count(*) from serving_data.run_2") == [(50,)]
    shop.publish()
    for query in (
        "table serving.churn_predictions_v1",
        "select customer_id from serving.churn_predictions_v2",
        "table serving_data.run_2",
        "select serving_data.find_prediction('churn_predictions_v1', 1, 'C0000001')",
        "set role crm",
        "create table serving.mine (a integer)",
    ):
        refused(pricing, query)
    assert ask(pricing, "select count(*) from serving.clv_predictions_v1") == [(50,)]
    powers = shop.run("select rolcreatedb, rolcanlogin from pg_roles where rolname = 'pricing'")
    assert powers == [(False, False)]
    left = shop.run(
        "select count(*) from pg_class cross join aclexplode(relacl) as acl"
        " where relnamespace::regnamespace::text = 'serving_data' and grantee <> relowner"
    )
    assert left == [(0,)]


def test_a_view_replaced_by_hand_is_restored(shop: Database) -> None:
    """Whatever replaced its definition, the next publish puts it back."""
    definition = shop.run("select pg_get_viewdef('serving.clv_predictions_v1'::regclass)")[0][0]
    opened = definition.replace("'clv_predictions'::text, 1)", "'churn_predictions'::text, 1)")
    assert opened != definition
    shop.run("alter view serving.clv_predictions_v1 reset (security_barrier)")
    shop.run(f"create or replace view serving.clv_predictions_v1 as {opened}")
    shop.publish()
    found = shop.run(
        "select reloptions, pg_get_viewdef(oid) from pg_class"
        " where oid = 'serving.clv_predictions_v1'::regclass"
    )
    assert found == [(["security_barrier=true"], definition)]


def test_withheld_columns(database: Database) -> None:
    """Neither named nor by *; and the lookup leaves them out. A misspelt one closes the view."""
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1", as_of=fresh_as_of(database))
    lake.allow("crm", "churn_predictions", 1, "campaign", withheld=["score", "age_hours"])
    lake.allow("bad", "churn_predictions", 1, "campaign", withheld=["scores"])
    outcomes = publish(lake.connection, database.dsn)
    assert "exposure 'bad': withholds scores" in str(outcomes[0].error)
    assert outcomes[0].rows == 100
    crm = database.login("crm", context="campaign")
    assert len(ask(crm, "select customer_id, label from serving.churn_predictions_v1")) == 50
    assert ask(crm, "select count(*) from serving.churn_predictions_v1") == [(50,)]
    for query in (
        "table serving.churn_predictions_v1",
        "select score from serving.churn_predictions_v1",
        "select customer_id from serving.churn_predictions_v1 where score > 0.5",
        "select customer_id from serving.churn_predictions_v1 order by age_hours",
        "select predictions from serving.churn_predictions_v1 as predictions",
        "select to_json(predictions) from serving.churn_predictions_v1 as predictions",
    ):
        refused(crm, query)
    looked_up = ask(
        crm,
        "select outcome, score, age_hours, label"
        " from serving.lookup_prediction('churn', 'C0000001', 'campaign')",
    )
    assert looked_up == [("current", None, None, "high")]
    refused(database.login("crm"), "table serving.churn_predictions_v1")
    assert database.run("select count(*) from pg_roles where rolname = 'bad'") == [(0,)]


def fresh_as_of(database: Database) -> Any:
    """An as-of for which the predictions are fresh by the server's clock."""
    query = "select date_trunc('hour', now() at time zone 'utc') - interval '9 hours'"
    return database.run(query)[0][0]


ODD_NAMES = [
    'we"ird; drop schema serving cascade; --',
    "o'clock",
    "$$quoted$$",
    "$body$ language sql; --",
    "ünïcode 客户 🙂",
    "UPPER case",
    "back\\slash %s {braces} %(role)s",
    "b" * 63,
    "line\nbreak",
]


def test_odd_names_are_harmless(database: Database) -> None:
    """As role, consumer and context, quotes and all: they are names, and no more."""
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    for name in ODD_NAMES:
        lake.allow(name, "churn_predictions", 1, name)
    database.publish()
    database.publish()
    for name in ODD_NAMES:
        connection = database.login(name, context=name)
        assert ask(connection, "select count(*) from serving.churn_predictions_v1") == [(50,)]
        for other in ODD_NAMES:
            if other != name:
                use(connection, other)
                refused(connection, "table serving.churn_predictions_v1")
        argument = connection.execute(
            "select outcome from serving.lookup_prediction('churn', %s, %s)", [name, name]
        ).fetchall()
        assert argument == [("skip",)]
        with pytest.raises(InsufficientPrivilege, match="not entitled"):
            connection.execute("select serving.lookup_prediction(%s, 'x', %s)", [name, name])
    found = database.entries()
    assert {each.role for each in found} == set(ODD_NAMES)
    assert sum(each.allowed for each in found) == 2 * len(ODD_NAMES)
    assert {each.usage_context for each in found if each.allowed} == set(ODD_NAMES)


@pytest.mark.parametrize(
    ("role", "complaint"),
    [
        ("", "is empty"),
        ("b" * 64, "is too long"),
        ("ü" * 32, "is too long"),
        ("pg_monitor", "PostgreSQL keeps the role name"),
        ("none", "PostgreSQL keeps the role name"),
        ("public", "PostgreSQL keeps the role name"),
        ("postgres", "exists already"),
        ("nul\x00byte", "PostgreSQL does not take"),
        ("crm", "has the role 'crm' too"),
    ],
)
def test_an_invalid_role_is_named(database: Database, role: str, complaint: str) -> None:
    """The consumer gets nothing, nobody else gets more, and the products are published."""
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    lake.allow("crm", "churn_predictions", 1, "campaign")
    lake.allow("fine", "churn_predictions", 1, "campaign")
    lake.allow(role, "churn_predictions", 1, "reporting", consumer="troublesome")
    (outcome,) = publish(lake.connection, database.dsn)
    assert "exposure 'troublesome'" in str(outcome.error)
    assert complaint in str(outcome.error)
    assert outcome.rows == 100
    fine = database.login("fine", context="campaign")
    assert ask(fine, "select count(*) from serving.churn_predictions_v1") == [(50,)]
    use(fine, "reporting")
    refused(fine, "table serving.churn_predictions_v1")
    assert database.run("select count(*) from serving_data.entitlements") == [
        (1 if role == "crm" else 2,)
    ]


@pytest.mark.parametrize(
    ("contexts", "complaint"), [(["a", "a"], "twice"), ([""], "an empty usage context")]
)
def test_an_invalid_entitlement_is_named(
    database: Database, contexts: list[str], complaint: str
) -> None:
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    lake.allow("crm", "churn_predictions", 1, "campaign")
    lake.allow("troublesome", "churn_predictions", 1, *contexts)
    (outcome,) = publish(lake.connection, database.dsn)
    assert "exposure 'troublesome'" in str(outcome.error)
    assert complaint in str(outcome.error)
    assert database.run("select role from serving_data.entitlements") == [("crm",)]


def test_a_role_of_someone_else_is_not_changed(database: Database) -> None:
    database.run("create role analyst login superuser")
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    lake.allow("analyst", "churn_predictions", 1, "campaign")
    (outcome,) = publish(lake.connection, database.dsn)
    assert "choose another `role`" in str(outcome.error).lower()
    found = database.run(
        "select rolsuper, rolcanlogin, has_schema_privilege(oid, 'serving', 'usage')"
        " from pg_roles where rolname = 'analyst'"
    )
    assert found == [(True, True, True)]  # as a superuser
    assert database.run("select count(*) from serving_data.entitlements") == [(0,)]


def test_the_log_cannot_be_forged_or_silenced(shop: Database) -> None:
    """Words alone make no entry, and an error that is caught was logged before."""
    crm = shop.login("crm", context="pricing")
    forged = (
        'serving access {"role": "pricing", "output": "clv_predictions", "version": 1,'
        ' "context": "pricing", "allowed": true, "reason": null}'
    )
    ask(crm, f"do $do$ begin raise log '{forged}'; end $do$")
    ask(crm, f'create function pg_temp."serving.authorize"(text, integer) returns void'
             f" language plpgsql as $f$ begin raise log '{forged}'; end $f$")  # fmt: skip
    ask(crm, """select pg_temp."serving.authorize"('x', 1)""")
    refused(crm, "set log_min_messages = panic")
    ask(crm, "set client_min_messages = log")
    ask(crm, "do $$ begin perform * from serving.churn_predictions_v1;"
             " exception when insufficient_privilege then null; end $$")  # fmt: skip
    found = [(each.role, each.output, each.usage_context, each.allowed) for each in shop.entries()]
    assert found == [
        ("crm", None, None, False),  # of log_min_messages
        ("crm", "churn_predictions", "pricing", False),
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "quote_all_identifiers = on",
        "datestyle = 'German'",
        "search_path = pg_temp, serving_data",
        "row_security = off",
        "client_min_messages = error",
        "standard_conforming_strings = off",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
        "timezone = 'Asia/Kathmandu'",
        "xmloption = document",
        "debug_parallel_query = on",
        "plpgsql.extra_errors = 'all'",
        "client_encoding = 'LATIN1'",
        "default_transaction_isolation = 'serializable'",
    ],
)
def test_no_setting_of_a_caller_hides_a_decision(shop: Database, setting: str) -> None:
    """Of its session or its role; nor does a handler around the read."""
    crm = shop.login("crm", context="campaign")
    ask(crm, f"set {setting}")
    ask(crm, "select count(*) from serving.churn_predictions_v1")
    ask(crm, "select * from serving.lookup_prediction('churn', 'C0000001', 'campaign')")
    refused(crm, "select count(*) from serving.clv_predictions_v1")
    ask(crm, "do $$ begin perform * from serving.clv_prediction_history_v1;"
             " exception when others then null; end $$")  # fmt: skip
    shop.run(f"alter role {crm.info.user} set {setting}")
    found = [(each.role, each.output, each.allowed) for each in shop.entries()]
    assert found == [
        ("crm", "churn_predictions", True),
        ("crm", "churn_predictions", True),
        ("crm", "clv_predictions", False),
        ("crm", "clv_prediction_history", False),
    ]


def test_a_decision_of_a_parallel_worker_is_recorded(shop: Database) -> None:
    """A worker's line in the log names neither a user nor a database."""
    crm = shop.login("crm", context="campaign")
    for setting in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
        ask(crm, f"set {setting} = 0")
    ask(crm, "set debug_parallel_query = on")
    ask(crm, "select count(*) from serving.churn_predictions_v1")
    refused(crm, "select serving.authorize_row('churn_predictions', 1, '-infinity')")
    ask(crm, "do $$ begin perform serving.authorize_row('churn_predictions', 1, '-infinity');"
             " exception when insufficient_privilege then null; end $$")  # fmt: skip
    found, load = shop.load()
    assert [(each.role, each.allowed) for each in found] == [
        ("crm", True),
        ("crm", False),
        ("crm", False),
    ]
    assert load.message is None
    log = (shop.server.folder / "log" / found[-1].log_file).read_text()
    assert '"backend_type":"parallel worker"' in log


def test_a_copied_log_line_is_not_a_decision(shop: Database) -> None:
    """A caller is shown its own lines where it asks for them; with their mark they count once."""
    crm = shop.login("crm", context="campaign")
    shown: list[str] = []
    crm.add_notice_handler(lambda notice: shown.append(str(notice.message_primary)))
    ask(crm, "set client_min_messages = log")
    ask(crm, "select count(*) from serving.churn_predictions_v1")
    [planned, line] = [each for each in shown if each.startswith("serving access")]
    for copy in (planned, line, line.replace('"allowed": true', '"allowed": false')):
        ask(crm, f"do $do$ begin raise log '%', $line${copy}$line$; end $do$")
    retention = shop.login("retention")
    ask(retention, f"do $do$ begin raise log '%', $line${line}$line$; end $do$")
    assert [(each.role, each.allowed) for each in shop.entries()] == [("crm", True)]


def test_a_withheld_column_is_denied_in_the_log(database: Database) -> None:
    """Also where the caller catches the error; who may read it, reads it."""
    lake = database.lake
    lake.add_product("churn")
    lake.publish_run("churn", "run-1")
    lake.allow("crm", "churn_predictions", 1, "campaign", withheld=["score"])
    lake.allow("dashboard", "churn_predictions", 1, "campaign")
    database.publish()
    crm = database.login("crm", context="campaign")
    ask(crm, "do $$ begin perform score from serving.churn_predictions_v1;"
             " exception when insufficient_privilege then null; end $$")  # fmt: skip
    message = refused(crm, "select max(score) from serving.churn_predictions_v1")
    assert "is not entitled to the column 'score' of churn_predictions v1; name the col" in message
    dashboard = database.login("dashboard", context="campaign")
    assert ask(dashboard, "select count(score) from serving.churn_predictions_v1") == [(50,)]
    found = [(each.role, each.allowed, each.reason or "") for each in database.entries()]
    assert [(role, allowed) for role, allowed, reason in found if "column" in reason] == [
        ("crm", False),
        ("crm", False),
    ]


def test_the_log_is_read_from_where_it_was_left(shop: Database) -> None:
    """Also over a rotation; statements are kept as digests alone, denied lookups included."""
    crm = shop.login("crm", context="campaign")
    statement = "select 'some words', count(*) from serving.churn_predictions_v1"
    ask(crm, statement)
    ask(crm, statement)
    first, load = shop.load()
    assert len(first) == 2
    assert first[0].statement_digest == first[1].statement_digest
    assert len(first[0].statement_digest) == 64
    nothing, load = shop.load(load.progress)
    assert nothing == []
    shop.run("select pg_rotate_logfile()")
    refused(crm, "select serving.lookup_prediction('clv', 'C0000001', 'campaign')")
    refused(crm, "table serving_data.marts")
    later, load = shop.load(load.progress)
    assert load.message is None
    assert [(each.role, each.output, each.allowed) for each in later] == [
        ("crm", "clv_predictions", False),
        ("crm", None, False),
    ]
    assert all(each.reason for each in later)
    assert shop.load(load.progress)[0] == []


def test_foreign_log_lines_are_ignored(shop: Database) -> None:
    """Other programs' lines, broken ones, and copies, which end in the middle at first."""
    _, load = shop.load()
    crm = shop.login("crm", context="campaign")
    ask(crm, "select count(*) from serving.churn_predictions_v1")
    [entry], after = shop.load(load.progress)
    log = shop.server.folder / "log" / entry.log_file
    whole = log.read_bytes()[: entry.log_position].splitlines(keepends=True)[-1]
    with log.open("ab") as file:
        file.write(b'serving access {"role"\n\xff\xfe 42501\n[42501]\n"42501"\n\n')
        file.write(whole.replace(b"LOG", b"NOTICE") + whole.replace(b"crm", b"bot"))
        file.write(whole + whole[:-20] + b"\n")
    assert shop.load(load.progress)[0] == [entry]
    assert shop.load(load.progress)[1].message is None
    assert after.progress


def test_the_operators_file_says_what_it_needs(shop: Database) -> None:
    """Before it changes anything."""
    for publisher, complaint in (("", "is not set; expected the role"), ("nobody", "not exist")):
        with pytest.raises(psycopg.errors.RaiseException, match=complaint):
            shop.set_up_publisher(publisher)
    assert shop.run("select to_regnamespace('serving_operator')") == [(None,)]


def test_a_publisher_reads_the_log_and_no_other_file(shop: Database) -> None:
    """By the operator's SQL, run twice; before it the error names the file."""
    publisher = shop.login()
    user = publisher.info.user
    dsn = f"{shop.dsn_for(user)} password={PASSWORD}"
    with pytest.raises(ServingError, match=r"serving/sql/0_operator\.sql, once in this database"):
        load(dsn, None, print)
    shop.run(
        f"grant usage on schema serving_data to {user};"
        f"grant select on all tables in schema serving_data to {user};"
        f"grant execute on all functions in schema serving_data to {user};"
        f"grant execute on function pg_read_binary_file(text, bigint, bigint, boolean) to {user}"
    )
    for _ in range(2):
        shop.set_up_publisher(user)
    crm = shop.login("crm", context="campaign")
    ask(crm, "select count(*) from serving.churn_predictions_v1")
    roles: list[str] = []
    loaded = load(dsn, None, lambda batch: roles.extend(each.role for each in batch))
    assert loaded
    assert loaded.message is None
    assert roles == ["crm"]
    for query in (
        "select pg_read_binary_file('global/pg_control')",
        "select serving_operator.read_log('../global/1260', 0, 100)",
        "select serving_operator.read_log('../postgresql.conf', 0, 100)",
        "select serving_operator.read_log('x/../../PG_VERSION.json', 0, 100)",
        "select serving_operator.read_log('postgresql.log', 0, 100)",
    ):
        refused(publisher, query)
    refused(crm, "select serving_operator.read_log('postgresql.json', 0, 1)")
