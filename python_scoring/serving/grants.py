"""Grants of the consumers: the views and functions of `serving`; all other grants are revoked.

Access to rows and columns is decided within a view, where each decision is logged.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from python_scoring.serving.connection import Connection

# Start of the comment on each role that this project created; other roles are never changed.
ROLE_MARK = "Consumer of customer_predictions"

FUNCTIONS = (
    "serving.authorize(text,integer)",
    "serving.authorize_column(text,integer,text)",
    "serving.authorize_plan(text,integer)",
    "serving.authorize_row(text,integer,timestamp with time zone)",
    "serving.authorized_until(text,integer)",
    (
        "serving.judge(timestamp without time zone,timestamp without time zone,numeric,boolean,"
        "text,jsonb,timestamp without time zone)"
    ),
    "serving.lookup_prediction(text,text,text)",
)

# All privileges in the two schemas of PUBLIC and of present and former consumer roles.
HELD = """
with holders as (
    select 0::oid as grantee
    union
    select oid from pg_roles where starts_with(shobj_description(oid, 'pg_authid'), %(mark)s)
    union
    select role_oid from serving_data.consumers
    union
    select unnest(%(former)s::oid[])
),

acls as (
    select 'schema' as kind, nspname::text as schema, null::text as name, null::text as column,
        coalesce(nspacl, acldefault('n', nspowner)) as acl
    from pg_namespace
    where nspname in ('serving', 'serving_data')
    union all
    select case relkind when 'S' then 'sequence' else 'table' end, relnamespace::regnamespace::text,
        relname::text, null, relacl
    from pg_class
    where relnamespace::regnamespace::text in ('serving', 'serving_data') and relacl is not null
    union all
    select 'table', relnamespace::regnamespace::text, relname::text, attname::text, attacl
    from pg_attribute
    inner join pg_class on pg_attribute.attrelid = pg_class.oid
    where relnamespace::regnamespace::text in ('serving', 'serving_data') and attacl is not null
    union all
    select 'function', pronamespace::regnamespace::text, oid::regprocedure::text, null,
        coalesce(proacl, acldefault('f', proowner))
    from pg_proc
    where pronamespace::regnamespace::text in ('serving', 'serving_data')
)

select kind, schema, name, acls.column, privilege_type, is_grantable, pg_roles.rolname
from acls
cross join lateral aclexplode(acl) as granted
inner join holders on granted.grantee = holders.grantee
left join pg_roles on holders.grantee = pg_roles.oid
where holders.grantee = 0 or pg_roles.oid is not null
"""

VIEWS_OF_ROLES = """
select consumers.role, pg_class.relname
from serving_data.consumers as consumers
cross join serving_data.marts as marts
inner join pg_class
    on marts.relation = relname and relnamespace = 'serving'::regnamespace and relkind = 'v'
"""


@dataclass(frozen=True)
class Right:
    """One privilege on one object; `column` is None for a privilege on the whole object."""

    kind: str
    schema: str
    name: str | None
    column: str | None
    privilege: str
    role: str | None  # None is PUBLIC


def sync_grants(connection: Connection, former: list[int] | None = None) -> None:
    """Revoke what no entitlement justifies and grant what is missing, in one transaction.

    `former` has the oids of roles that were consumers until now.
    """
    with connection.transaction():
        held = connection.execute(HELD, {"mark": ROLE_MARK, "former": former or []}).fetchall()
        wanted = _wanted(connection)
        kept: set[Right] = set()
        for kind, schema, name, column, privilege, is_grantable, role in held:
            right = Right(kind, schema, name, column, privilege, role)
            if right in wanted and not is_grantable:
                kept.add(right)
            else:
                connection.execute(_statement("revoke", right))
        for right in sorted(wanted - kept, key=repr):
            connection.execute(_statement("grant", right))


def _wanted(connection: Connection) -> set[Right]:
    wanted: set[Right] = set()
    for (role,) in connection.execute("select role from serving_data.consumers").fetchall():
        wanted.add(Right("schema", "serving", None, None, "USAGE", role))
        wanted |= {Right("function", "serving", each, None, "EXECUTE", role) for each in FUNCTIONS}
    # Every view, entitled or not: the view's own check logs a denial before it raises.
    wanted |= {
        Right("table", "serving", relation, None, "SELECT", role)
        for role, relation in connection.execute(VIEWS_OF_ROLES).fetchall()
    }
    return wanted


def _statement(verb: str, right: Right) -> sql.Composed:
    """A grant or revoke. Unquoted parts come from PostgreSQL's catalogue or from this module."""
    privilege: Any = sql.SQL(right.privilege)
    if right.column is not None:
        privilege = sql.SQL("{} ({})").format(privilege, sql.Identifier(right.column))
    if right.kind == "schema":
        subject: sql.Composable = sql.Identifier(right.schema)
    elif right.kind == "function":
        subject = sql.SQL(right.name or "")
    else:
        subject = sql.Identifier(right.schema, right.name or "")
    role = sql.SQL("public") if right.role is None else sql.Identifier(right.role)
    return sql.SQL("{} {} on {} {} {} {}{}").format(
        sql.SQL(verb),
        privilege,
        sql.SQL(right.kind),
        subject,
        sql.SQL("to" if verb == "grant" else "from"),
        role,
        sql.SQL("" if verb == "grant" else " cascade"),
    )
