"""Client tools of docs/consumers.md: psql, SQLAlchemy with pandas, DuckDB."""

import subprocess
from urllib.parse import quote

import duckdb
import pandas as pd
import pytest
from sqlalchemy import create_engine

from tests.support.serving_database import PASSWORD, Database

CUSTOMERS = 50


OPTIONS = "-c serving.usage_context=campaign"


MART = "serving.churn_predictions_v1"


@pytest.fixture
def address(database: Database) -> str:
    """A consumer's login over TCP, with the usage context stated in its options."""
    database.lake.add_product("churn")
    database.lake.publish_run("churn", "r1", rows=CUSTOMERS)
    database.lake.allow("crm", "churn_predictions", 1, "campaign")
    database.publish()
    user = database.login("crm").info.user
    place = f"127.0.0.1:{database.server.port}/{database.name}"
    return f"postgresql://{user}:{PASSWORD}@{place}?options={quote(OPTIONS, safe='')}"


def test_psql(address: str, database: Database) -> None:
    """Also with the context set in the session instead of the address."""
    psql = str(database.server.bin / "psql")
    count = f"select count(*) from {MART}"
    stated = [psql, address, "-qAtc", count]
    result = subprocess.run(stated, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(CUSTOMERS)
    silent = [psql, address.partition("?")[0], "-qAtc"]
    result = subprocess.run([*silent, count], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "no usage context was stated for churn_predictions v1" in result.stderr
    said = [*silent, "set serving.usage_context = 'campaign'", "-c", count]
    result = subprocess.run(said, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(CUSTOMERS)


def test_sqlalchemy_with_pandas(address: str) -> None:
    """A whole mart as a data frame, and a view as a table by its name."""
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    frame = pd.read_sql(f"select * from {MART}", engine)
    table = pd.read_sql_table("churn_predictions_v1", engine, schema="serving")
    engine.dispose()
    assert len(frame) == CUSTOMERS
    assert {"customer_id", "score", "freshness", "action_allowed"} <= set(frame.columns)
    pd.testing.assert_frame_equal(frame[["customer_id", "score"]], table[["customer_id", "score"]])


def test_duckdb(address: str) -> None:
    """Attached read-only, and joined with what DuckDB has."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{address}' as served (type postgres, read_only)")
        rows = connection.execute(
            f"select count(*), count(distinct freshness) from served.{MART} "
            "where customer_id in (select 'C' || lpad(i::text, 7, '0') from range(10) as t (i))"
        ).fetchall()
    assert rows == [(10, 1)]
