"""Database roles of the consumers: one per exposure, without rights once it is gone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import psycopg
from psycopg import sql

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection
from python_scoring.serving.grants import ROLE_MARK, sync_grants
from python_scoring.serving.lake_state import LONGEST_NAME, Entitlement
from python_scoring.serving.revocations import (
    enforce_revocations,
    is_installed,
    record_revocations,
)

RESERVED = ("none", "public")
ROLE_ATTRIBUTES = {
    "rolcanlogin": "nologin",
    "rolsuper": "nosuperuser",
    "rolcreaterole": "nocreaterole",
    "rolcreatedb": "nocreatedb",
    "rolreplication": "noreplication",
    "rolbypassrls": "nobypassrls",
}

REMOVE = """
delete from serving_data.entitlements
where (role, output, version, usage_context) not in (
    select * from unnest(%s::text[], %s::text[], %s::integer[], %s::text[])
)
returning role, role_oid
"""
SHORTEN = """
update serving_data.entitlements
set valid_until = wanted.valid_until
from unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::date[])
    as wanted (role, output, version, usage_context, valid_until)
where
    entitlements.role = wanted.role
    and entitlements.output = wanted.output
    and entitlements.version = wanted.version
    and entitlements.usage_context = wanted.usage_context
    and coalesce(entitlements.valid_until, 'infinity') > wanted.valid_until
returning entitlements.role, entitlements.role_oid
"""

MartColumns = Mapping[tuple[str, int], set[str]]
Row: TypeAlias = tuple[Any, ...]  # of serving_data.entitlements


@dataclass(frozen=True)
class Problem:
    """Reason why a consumer has no rights, and the products that it would read."""

    products: frozenset[str]
    message: str


def sync_access(
    connection: Connection, entitlements: Iterable[Entitlement], columns: MartColumns
) -> list[Problem]:
    """Update roles, entitlements and grants to match the exposures.

    A consumer whose exposure cannot be followed is left without any right and is returned as a
    problem; the others get theirs. `columns` has the column names of each (output, version).
    Raises psycopg.Error where the connection is lost.
    """
    by_consumer: dict[str, list[Entitlement]] = {}
    for each in entitlements:
        by_consumer.setdefault(each.consumer, []).append(each)
    claims: dict[str, set[str]] = {}
    for consumer, own in by_consumer.items():
        for each in own:
            claims.setdefault(each.role, set()).add(consumer)
    problems = []
    with connection.transaction():
        served: dict[str, tuple[int, list[Entitlement]]] = {}
        for consumer, own in by_consumer.items():
            try:
                _check(consumer, own, claims, columns)
                with connection.transaction():
                    served[consumer] = (_role(connection, consumer, own[0].role), own)
            except (ServingError, psycopg.Error, ValueError) as error:  # noqa: PERF203 - each alone
                if connection.broken:
                    raise
                products = frozenset(each.product for each in own if each.product)
                text = (
                    str(error)
                    if isinstance(error, ServingError)
                    else _postgres_refusal(consumer, error)
                )
                problems.append(Problem(products, text))
        former = _record(connection, served)
        sync_grants(connection, former)
    problems += [Problem(frozenset(), each) for each in enforce_revocations(connection)]
    return problems


def revoke(connection: Connection, entitlements: Iterable[Entitlement]) -> None:
    """Revoke what the exposures no longer grant, or grant for fewer days; grants nothing.

    It needs no lock, so a publish calls it before it waits for its turn.
    """
    if not is_installed(connection):
        return
    kept = [
        (each.role, each.output, each.version, each.usage_context, each.valid_until)
        for each in entitlements
    ]
    columns = [list(column) for column in zip(*kept, strict=True)] if kept else [[]] * 5
    with connection.transaction():
        lost = connection.execute(REMOVE, columns[:4]).fetchall()
        lost += connection.execute(SHORTEN, columns).fetchall()
        record_revocations(connection, lost)
    enforce_revocations(connection)  # sync_access tries again and reports what failed


def _check(
    consumer: str, own: list[Entitlement], claims: Mapping[str, set[str]], columns: MartColumns
) -> None:
    """Raise ServingError, naming the exposure, for names that PostgreSQL would misread."""
    role = own[0].role
    if len({each.role for each in own}) > 1:
        raise ServingError(
            f"exposure {consumer!r}: has more than one role. Expected one; choose it as `role`."
        )
    if not role or len(role.encode()) > LONGEST_NAME:
        raise ServingError(
            f"exposure {consumer!r}: the role {role!r} is {'empty' if not role else 'too long'}. "
            f"Expected 1 to {LONGEST_NAME} bytes; choose another `role` in its meta.access."
        )
    if role.startswith("pg_") or role in RESERVED:
        raise ServingError(
            f"exposure {consumer!r}: PostgreSQL keeps the role name {role!r} for itself. "
            "Choose another `role` in its meta.access."
        )
    if others := claims[role] - {consumer}:
        raise ServingError(
            f"exposure {consumer!r}: {', '.join(sorted(map(repr, others)))} has the role {role!r} "
            "too. Expected a role of its own for each; choose another `role` in its meta.access."
        )
    if len({(each.output, each.version, each.usage_context) for each in own}) < len(own):
        raise ServingError(
            f"exposure {consumer!r}: names an output, version and usage context twice. "
            "Expected each once; correct its meta.access."
        )
    for each in own:
        if not each.usage_context:
            raise ServingError(
                f"exposure {consumer!r}: an empty usage context for {each.output} v{each.version}. "
                "Name one of the product's intended uses in its meta.access."
            )
        available = columns.get((each.output, each.version))
        unknown = set(each.withheld_columns) - available if available is not None else set()
        if unknown:
            raise ServingError(
                f"exposure {consumer!r}: withholds {', '.join(sorted(unknown))}, which "
                f"{each.output} v{each.version} does not have. Correct its meta.access."
            )


def _role(connection: Connection, consumer: str, role: str) -> int:
    """Create the consumer's role where it is missing, without attributes; returns its oid."""
    found = connection.execute(
        "select oid, coalesce(starts_with(shobj_description(oid, 'pg_authid'), %s), false),"
        " rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " from pg_roles where rolname = %s",
        [ROLE_MARK, role],
    ).fetchone()
    name = sql.Identifier(role)
    if not found:
        connection.execute(sql.SQL("create role {} nologin").format(name))
        comment = f"{ROLE_MARK}: {consumer}"
        connection.execute(sql.SQL("comment on role {} is {}").format(name, sql.Literal(comment)))
        return _role(connection, consumer, role)
    oid, is_ours, *attributes = found
    if not is_ours:
        raise ServingError(
            f"exposure {consumer!r}: the role {role!r} exists already and was not made for a "
            "consumer, so it is left alone. Choose another `role` in its meta.access."
        )
    excess = [
        attribute
        for attribute, is_set in zip(ROLE_ATTRIBUTES.values(), attributes, strict=True)
        if is_set
    ]
    if excess:
        connection.execute(sql.SQL("alter role {} {}").format(name, sql.SQL(" ".join(excess))))
    memberships = connection.execute(
        "select roleid::regrole::text, grantor::regrole::text from pg_auth_members"
        " where member = %s",
        [oid],
    ).fetchall()
    for group, grantor in memberships:  # names that PostgreSQL has quoted
        connection.execute(
            sql.SQL("revoke {} from {} granted by {} cascade").format(
                sql.SQL(group), name, sql.SQL(grantor)
            )
        )
    return int(oid)


def _record(
    connection: Connection, served: Mapping[str, tuple[int, list[Entitlement]]]
) -> list[int]:
    """Store consumers and entitlements; returns the oids of roles that are no longer consumers."""
    wanted = {(consumer, own[0].role, oid) for consumer, (oid, own) in served.items()}
    found = set(
        connection.execute("select consumer, role, role_oid from serving_data.consumers").fetchall()
    )
    for row in found - wanted:
        connection.execute("delete from serving_data.consumers where consumer = %s", [row[0]])
    for row in sorted(wanted - found):
        connection.execute("insert into serving_data.consumers values (%s, %s, %s)", list(row))

    rows = {
        (each.role, oid, each.output, each.version, each.usage_context, each.valid_until,
         each.withheld_columns)
        for oid, own in served.values()
        for each in own
    }  # fmt: skip
    present = {
        (*row[:-1], tuple(row[-1]))
        for row in connection.execute("select * from serving_data.entitlements").fetchall()
    }
    for row in present - rows:
        connection.execute(
            "delete from serving_data.entitlements"
            " where role = %s and output = %s and version = %s and usage_context = %s",
            [row[0], row[2], row[3], row[4]],
        )
    record_revocations(connection, _lost(present, rows))
    for row in sorted(rows - present, key=repr):
        connection.execute(
            "insert into serving_data.entitlements values (%s, %s, %s, %s, %s, %s, %s)",
            [*row[:-1], list(row[-1])],
        )
    return [oid for _, _, oid in found - wanted]


def _lost(present: set[Row], wanted: set[Row]) -> Iterator[tuple[str, int]]:
    """Return the roles that lost access: to an output, to days, or to columns."""
    by_key = {row[:5]: row for row in wanted}
    for row in present - wanted:
        kept = by_key.get(row[:5])
        if (
            kept is None
            or (kept[5] or date.max) < (row[5] or date.max)
            or not set(kept[6]) <= set(row[6])
        ):
            yield row[0], row[1]


def _postgres_refusal(consumer: str, error: Exception) -> str:
    reason = " ".join(str(error).split())
    return (
        f"exposure {consumer!r}: PostgreSQL does not take its role, contexts or columns: {reason}. "
        "Choose others in its meta.access."
    )
