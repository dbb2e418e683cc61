"""Set-up of the PostgreSQL of compose.yaml: a publisher that can publish, and is no superuser."""

import os
import subprocess
import tempfile
from pathlib import Path

from python_scoring.project import PROJECT
from python_scoring.serving.local import DATABASE, local_server
from python_scoring.serving.publishing import publish
from tests.support.serving_database import OPERATOR_SQL, PASSWORD, Database

SETTINGS = {"logging_collector": "on", "log_destination": "jsonlog", "lc_messages": "C"}


def test_the_publisher_of_compose_publishes_without_being_superuser() -> None:
    # Not in pytest's folder, which the next pytest closes to the user that the server runs as.
    with (
        tempfile.TemporaryDirectory(prefix="compose-", ignore_cleanup_errors=True) as folder,
        local_server(Path(folder) / "data", settings=SETTINGS) as server,
    ):
        database = Database(server, DATABASE)
        environment = {
            **os.environ,
            "PATH": f"{server.bin}{os.pathsep}{os.environ['PATH']}",
            "PGHOST": str(server.socket_folder),
            "PGPORT": str(server.port),
            "POSTGRES_DB": DATABASE,
            "PUBLISHER_PASSWORD": PASSWORD,
            "OPERATOR_SQL": str(OPERATOR_SQL),
        }
        script = PROJECT / "examples" / "compose_postgres.sh"
        subprocess.run([str(script)], env=environment, check=True, capture_output=True)
        database.lake.add_product("churn")
        database.lake.publish_run("churn", "r1", rows=3)
        dsn = f"{database.dsn_for('publisher')} password={PASSWORD}"
        outcomes = publish(database.lake.connection, dsn)
        assert [each.error for each in outcomes if each.error] == []
        assert database.run("select count(*) from serving_data.churn_predictions_v1") == [(3,)]
        assert database.run(
            "select rolsuper, rolcreaterole from pg_roles where rolname = 'publisher'"
        ) == [(False, True)]
