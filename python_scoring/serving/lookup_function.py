"""Lookup function serving_data.find_prediction: one query per mart version, so plans are cached."""

import hashlib

from psycopg import sql

from python_scoring.serving.connection import Connection

HEAD = """
create or replace function serving_data.find_prediction(
    relation text, run_number integer, customer_id text,
    out score double precision, out label text, out prediction_id text, out is_found boolean
)
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as {body}
"""
BRANCH = """
    if find_prediction.relation = {relation} then
        select {score}, {label}, {prediction_id}, true
        into score, label, prediction_id, is_found
        from {table} as predictions
        where
            predictions.run_number = find_prediction.run_number
            and cast(predictions.customer_id as text) = find_prediction.customer_id;
        return;
    end if;"""
TYPES = {"score": "double precision", "label": "text", "prediction_id": "text"}


def prepare_lookup_function(connection: Connection) -> None:
    """Create or replace the function where mart versions or their columns have changed."""
    tables: dict[str, set[str]] = {}
    for relation, column in connection.execute(
        "select relation, attname from serving_data.marts inner join pg_attribute"
        " on attrelid = to_regclass('serving_data.' || relation)"
        " where kind = 'current' and attnum > 0 and not attisdropped order by relation, attname"
    ).fetchall():
        tables.setdefault(relation, set()).add(column)
    branches = [_branch(relation, columns) for relation, columns in tables.items()]
    body = sql.SQL("\n#variable_conflict use_column\nbegin{}\nend\n").format(
        sql.SQL("").join(branches)
    )
    statement = sql.SQL(HEAD).format(body=sql.Literal(body.as_string(connection)))
    digest = hashlib.sha256(statement.as_string(connection).encode()).hexdigest()
    signature = "serving_data.find_prediction(text, integer, text)"
    found = connection.execute(
        "select obj_description(to_regprocedure(%s), 'pg_proc')", [signature]
    ).fetchone()
    if found and found[0] == digest:
        return
    with connection.transaction():
        connection.execute(statement)
        connection.execute(
            sql.SQL("comment on function {} is {}").format(sql.SQL(signature), sql.Literal(digest))
        )
        connection.execute(
            sql.SQL("revoke all on function {} from public").format(sql.SQL(signature))
        )


def _branch(relation: str, columns: set[str]) -> sql.Composed:
    values = {
        name: sql.SQL("cast({} as {})").format(
            sql.Identifier("predictions", name) if name in columns else sql.SQL("null"),
            sql.SQL(kind),
        )
        for name, kind in TYPES.items()
    }
    return sql.SQL(BRANCH).format(
        relation=sql.Literal(relation), table=sql.Identifier("serving_data", relation), **values
    )
