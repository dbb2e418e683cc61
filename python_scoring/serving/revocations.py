"""Revocations in force: outdated snapshots are refused, and sessions that read by them are ended.

A publish records a revocation with the change of the entitlements, and enforces it once that change
is committed. Where it is killed in between, the next publish enforces it.
"""

from collections.abc import Iterable

from psycopg.errors import InsufficientPrivilege

from python_scoring.serving.connection import Connection

RECORD = """
insert into serving_data.revoked_roles (role, role_oid)
select wanted.role, wanted.role_oid
from unnest(%s::text[], %s::oid[]) as wanted (role, role_oid)
where not exists (
    select from serving_data.revoked_roles as present
    where present.role_oid = wanted.role_oid and present.revoked_at is null
)
"""
COUNT = "update serving_data.last_revocation set number = number + 1"

IS_DUE = """
select
    (select number from serving_data.last_revocation)
    <> (select last_value from serving_data.revocations)
    or exists (select from serving_data.revoked_roles where revoked_at is null)
"""
# The row's lock orders publishes: the sequence never falls behind a number that was committed.
LAST_NUMBER = "select number from serving_data.last_revocation for update"
FOLLOW = "select setval('serving_data.revocations', %s)"
IN_FORCE = (
    "update serving_data.revoked_roles set revoked_at = clock_timestamp() where revoked_at is null"
)

REVOKED = """
select role, role_oid, max(revoked_at) from serving_data.revoked_roles
where revoked_at is not null group by role, role_oid order by role
"""
IS_SET_UP = "select to_regprocedure('serving_operator.end_sessions(oid, timestamptz)') is not null"
END_BY_OPERATOR = "select serving_operator.end_sessions(%s, %s)"
# Materialized: else the planner might end sessions before it has looked whose they are.
END = """
with sessions as materialized (
    select pid
    from pg_stat_activity
    inner join pg_roles on usesysid = pg_roles.oid and not pg_roles.rolsuper
    where
        datname = current_database()
        and pid <> pg_backend_pid()
        and coalesce(backend_start < %(before)s, true)  -- null where this user may not see it
        and pg_has_role(usesysid, %(role)s::oid, 'usage, set')  -- who only administers it is none
)

select count(*) from sessions where not pg_terminate_backend(pid, 5000)
"""
FORGET = "delete from serving_data.revoked_roles where role_oid = %s and revoked_at <= %s"


def is_installed(connection: Connection) -> bool:
    """Whether the tables that record revocations exist; before 0.2 they did not."""
    found = connection.execute("select to_regclass('serving_data.revoked_roles')").fetchone()
    return bool(found and found[0] is not None)


def record_revocations(connection: Connection, roles: Iterable[tuple[str, int]]) -> None:
    """Record, within the caller's transaction, that these roles (name, oid) lose a right."""
    lost = sorted(set(roles))
    if lost:
        connection.execute(RECORD, [[name for name, _ in lost], [oid for _, oid in lost]])
        outdate_snapshots(connection)


def outdate_snapshots(connection: Connection) -> None:
    """Record, within the caller's transaction, that snapshots of before are not to be read."""
    connection.execute(COUNT)


def enforce_revocations(connection: Connection) -> list[str]:
    """Refuse older snapshots, and end the sessions of the roles that lost a right.

    Call it outside of a transaction. Returns a sentence for each role whose sessions this user may
    not end; they are tried again by the next publish.
    """
    found = connection.execute(IS_DUE).fetchone()
    if found and found[0]:
        with connection.transaction():
            number = connection.execute(LAST_NUMBER).fetchone()
            connection.execute(FOLLOW, [number[0] if number else 1])
            connection.execute(IN_FORCE)
    problems = []
    for role, oid, revoked_at in connection.execute(REVOKED).fetchall():
        try:
            left = _end_sessions(connection, oid, revoked_at)
        except InsufficientPrivilege:
            problems.append(
                f"role {role!r}: lost an entitlement, and its open sessions could not be ended; "
                "they are refused what they have not read yet. The operator lets the publisher end "
                "them with python_scoring/serving/sql/0_operator.sql, once in this database."
            )
            continue
        if left == 0:
            connection.execute(FORGET, [oid, revoked_at])
    return problems


def _end_sessions(connection: Connection, role_oid: int, revoked_at: object) -> int:
    """End the role's sessions that began before the revocation; returns how many are left."""
    found = connection.execute(IS_SET_UP).fetchone()
    if found and found[0]:
        ended = connection.execute(END_BY_OPERATOR, [role_oid, revoked_at]).fetchone()
    else:
        ended = connection.execute(END, {"role": role_oid, "before": revoked_at}).fetchone()
    return int(ended[0]) if ended else 0
