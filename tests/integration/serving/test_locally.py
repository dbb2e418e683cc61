"""`serve`: a local server with a demo login for each consumer."""

import re
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg
import pytest

from python_scoring.errors import InputError
from python_scoring.serving.demo import serve
from python_scoring.serving.local import LocalServer
from python_scoring.warehouse import Warehouse, prepare
from tests.support.serving_lake import Lake


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A lake on disk, with one product and two consumers, of which one has an odd name."""
    warehouse = Warehouse(tmp_path)
    with duckdb.connect() as connection:
        prepare(warehouse, connection)
        connection.execute(warehouse.attach_sql(read_only=False))
        lake = Lake(connection)
        lake.add_product("churn")
        lake.publish_run("churn", "run-1")
        lake.allow("crm", "churn_predictions", 1, "campaign")
        lake.allow("o'clock", "churn_predictions", 1, "it's a \\ context")
    return warehouse


def test_serve_publishes_and_introduces_each_consumer(warehouse: Warehouse) -> None:
    """The printed address works over TCP, a wrong password does not, and nothing keeps either."""
    said: list[str] = []
    ended = threading.Event()
    with TemporaryDirectory(prefix="serving-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "data"
        thread = threading.Thread(
            target=serve, args=(warehouse, folder, None, said.append, ended), daemon=True
        )
        thread.start()
        until = time.monotonic() + 60
        while not any("Ctrl-C" in line for line in said):
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.05)
        text = "\n".join(said)
        try:
            addresses = re.findall(r"psql: .*'(postgresql://.*)'", text)
            assert len(addresses) == 2
            for address in addresses:
                with psycopg.connect(address, autocommit=True) as connection:
                    query = "select count(*) from serving.churn_predictions_v1"
                    assert connection.execute(query).fetchone() == (50,)
            address = addresses[0]
            password = re.findall(r"demo_crm  \(password (.*)\)", text)[0]
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(address.replace(password, "wrong"))
            with pytest.raises(psycopg.OperationalError, match="rejects"):
                psycopg.connect(address.replace(f"demo_crm:{password}", "postgres"))
        finally:
            ended.set()
            thread.join(timeout=60)
        assert "set serving.usage_context = 'it''s a \\ context';" in text
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix in {".json", ".conf", ".log"}:
                assert password not in file.read_text(errors="replace")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address)

        again = LocalServer(folder)  # what it holds stays
        with pytest.raises(InputError, match="runs in this folder already"):
            LocalServer(folder)
        with psycopg.connect(again.dsn) as connection:
            found = connection.execute("select count(*) from serving_data.run_2").fetchone()
        again.stop()
        assert found == (50,)
