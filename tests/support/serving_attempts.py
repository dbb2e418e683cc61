"""Every way in which a reader can reach the rows of a view, and the decisions to be logged."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product as combinations
from typing import Any, TypeAlias

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.support.serving_database import Database, ask, use

# Consumer, output, version, usage context.
Attempt: TypeAlias = tuple[str, str, int, str]
# The attempt, whether it is allowed, and whether it was planned alone.
Decision: TypeAlias = tuple[str, str, int, str, bool, bool]


def fetch(login: psycopg.Connection[Any], query: str) -> None:
    """Through a cursor of the server."""
    with login.transaction(), login.cursor("mine") as cursor:
        cursor.execute(query.encode())
        cursor.fetchmany(5)


WAYS: dict[str, Callable[[psycopg.Connection[Any], str], object]] = {
    "quoted": ask,
    "extended": lambda login, read: login.execute(
        f"{read} where customer_id <> %b".encode(), ["nobody"], prepare=True, binary=True
    ).fetchall(),
    "cursor": fetch,
    "explain": lambda login, read: ask(login, f"explain {read}"),
    "caught": lambda login, read: ask(
        login,
        f"do $$ begin perform count(*) from ({read}) as rows;"
        " exception when insufficient_privilege then raise exception using"
        " errcode = 'insufficient_privilege', message = 'access denied: as caught'; end $$",
    ),
    "hidden": lambda login, read: ask(
        login,
        f"do $$ begin perform count(*) from ({read}) as rows;"
        " exception when others then null; end $$",
    ),
    "definer": lambda login, read: ask(login, f"select shared.definer($${read}$$)"),
    "invoker": lambda login, read: ask(login, f"select shared.invoker($${read}$$)"),
    "copied": lambda login, read: ask(login, f"copy ({read}) to stdout"),
}


def try_every_way(
    database: Database,
    marts: Sequence[tuple[str, int]],
    contexts: Sequence[str],
    allowed: set[Attempt],
    lenders: Sequence[str],
) -> Counter[Decision]:
    """Every consumer, mart, context and way; returns the decisions that the log must have.

    A read that is not allowed must be denied, but where the reader hides the error. The functions
    `definer` and `invoker` belong to a member of the roles `lenders`, who may read what others may
    not.
    """
    lender = database.login(*lenders).info.user
    database.run(
        f"create schema shared authorization {lender}; grant usage on schema shared to public"
    )
    for security in ("definer", "invoker"):
        database.run(
            f"create function shared.{security}(query text) returns setof text language plpgsql"
            f" security {security} as $f$ begin return query execute query; end $f$;"
            f"alter function shared.{security} owner to {lender}"
        )
    expected: Counter[Decision] = Counter()
    for consumer in sorted({attempt[0] for attempt in allowed}):
        login = database.login(consumer)
        ask(login, "set quote_all_identifiers = on")
        for (output, version), context in combinations(marts, contexts):
            use(login, context)
            attempt = (consumer, output, version, context)
            for way, read in WAYS.items():
                query = f"select customer_id from serving.{output}_v{version}"
                if attempt in allowed or way == "hidden":
                    read(login, query)
                else:
                    with pytest.raises(InsufficientPrivilege, match="access denied"):
                        read(login, query)
                if attempt not in allowed:
                    expected[(*attempt, False, False)] += 1
                    continue
                if way in {"explain", "cursor"}:  # a cursor is planned, then read from
                    expected[(*attempt, True, True)] += 1
                if way != "explain":
                    expected[(*attempt, True, False)] += 1
    return expected
