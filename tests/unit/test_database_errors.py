"""Errors of databases and disks, as dbt shows them."""

import duckdb
import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments import Environment
from dbt_common.exceptions import DbtRuntimeError

from python_scoring.dbt_plugin import shorten_database_errors

FULL = "Failed to commit.\\nCOMMIT: database or disk is full"
MODEL = """
import duckdb

class dbtObj:
    def __init__(self, load): ...

def model(dbt, session):
    raise {error}
"""


@pytest.fixture(autouse=True)
def _restore(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("initialize_db", "run_python_job"):
        monkeypatch.setattr(Environment, name, vars(Environment)[name])
    shorten_database_errors()


def run_model(error: str) -> str:
    with duckdb.connect() as connection, pytest.raises(DbtRuntimeError) as caught:
        Environment.run_python_job(
            connection, None, "candidates", MODEL.format(error=error), DuckDBCredentials()
        )
    return str(caught.value)


def test_a_full_disk_under_a_python_model_is_a_line() -> None:
    message = run_model(f'duckdb.IOException("{FULL}")')
    assert "Python model failed: Failed to commit. COMMIT: database or disk is full" in message
    assert "Traceback" not in message


def test_a_mistake_in_a_python_model_keeps_its_traceback() -> None:
    assert "Traceback" in run_model("TypeError('of the code')")


def test_a_working_set_that_cannot_be_opened_is_a_line(tmp_path: object) -> None:
    credentials = DuckDBCredentials(path=f"{tmp_path}/nowhere/warehouse.duckdb")
    with pytest.raises(DbtRuntimeError, match="Nothing was built") as caught:
        Environment.initialize_db(credentials)
    assert f"{tmp_path}/nowhere" in str(caught.value)
