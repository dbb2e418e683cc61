"""Digests of statements in the access log that versions before 0.2 took of the whole text.

With an old export one could form the statement that looks a person up, and find its digest. Since
then a digest is keyed, and taken of the statement without its values.
"""

import secrets

import duckdb

# A random key that is not kept: equal statements stay equal, and no text leads to them.
FORGET = """
update lake.operations.access_log
set statement_digest = sha256(concat(?, statement_digest))
where statement_digest is not null and logged_at < cast(? as timestamp)
"""
OLDER = "select count(*) from lake.operations.access_log where logged_at < cast(? as timestamp)"
FIRST_LOAD = """
select coalesce(min(read_until), timestamp 'infinity') from lake.operations.access_log_loads
"""
TABLES = """
select table_name from duckdb_tables()
where database_name = 'lake' and schema_name = 'operations' and table_name like 'access_log%'
"""


def forget(lake: duckdb.DuckDBPyConnection) -> None:
    """Replace the digests that were taken of whole statements, in the caller's transaction."""
    tables = {name for (name,) in lake.execute(TABLES).fetchall()}
    if "access_log" not in tables:
        return
    query = FIRST_LOAD if "access_log_loads" in tables else "select timestamp 'infinity'"
    (first_load,) = lake.execute(f"select cast(({query}) as text)").fetchall()[0]
    (count,) = lake.execute(OLDER, [first_load]).fetchall()[0]
    if count:
        lake.execute(FORGET, [secrets.token_hex(32), first_load])
