"""How long lookups take while a run is published, and how long that takes.

    python -m benchmarks.serving_lookups --customers 2000000

pgbench's clients ask for one customer at a time, over a local socket, at a steady rate. Latencies
count from when a lookup was due, so that waiting for one another is not hidden.
"""

import os
import subprocess
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import click
import duckdb
import psycopg
from psycopg import sql

from python_scoring.clock import utc_now
from python_scoring.serving.local import LocalServer, local_server
from python_scoring.serving.publishing import publish

LOOKUP = """\
\\set number random(0, {customers} - 1)
select * from serving.lookup_prediction('churn', 'C' || :number, 'campaign');
"""

# The tables that publishing reads, with one product and one consumer.
LAKE = """
attach ':memory:' as lake;
create schema lake.operations;
create schema lake.marts;
create table lake.operations.prediction_contracts as select 'churn' as product;
create table lake.operations.serving_states as
select 'churn' as product, cast(null as text) as run_id, cast(null as timestamp) as as_of,
    cast(null as timestamp) as fresh_until, 72 as max_age_hours, false as newer_run_failed,
    'skip' as action_policy, cast(0.5 as double) as default_score,
    cast(null as text) as incident_reason, '[]' as pending_responses;
create table lake.operations.run_states as
select 'r' as run_id, 'churn' as product, cast(null as timestamp) as as_of, false as is_served,
    false as is_superseded,
    cast(null as bigint) as serving_entry;
create table lake.operations.served_outputs as
select 'churn_predictions' as output, 1 as version, 'churn_predictions_v1' as relation,
    'churn' as product, 'current' as kind, '1.0' as output_schema_version,
    cast(null as date) as deprecated_on, '' as description,
    to_json([
        {name: 'customer_id', data_type: 'text'}, {name: 'score', data_type: 'double'},
        {name: 'label', data_type: 'text'}, {name: 'reason_codes', data_type: 'text'},
        {name: 'prediction_id', data_type: 'text'}, {name: 'run_id', data_type: 'text'},
        {name: 'model_version', data_type: 'text'}
    ]) as columns_json;
create table lake.operations.consumer_contracts as
select 'crm' as consumer, 'crm' as role, 'churn_predictions' as output, 1 as version,
    'campaign' as usage_context, null as valid_until, '[]' as withheld_columns, 'churn' as product;
"""
# The rows are the same in each run: making them would take the time of the lookups.
ROWS = """
create table lake.marts.rows as
select 'C' || number as customer_id, random() as score, 'low' as label,
    '[["recency_days", 0.25], ["return_rate", 0.1]]' as reason_codes,
    md5(number::text) as prediction_id, '1.0.0' as model_version
from range({customers}) as t (number)
"""
RUN = """
create or replace view lake.marts.churn_predictions_v1 as
select *, '{run}' as run_id from lake.marts.rows
"""


def add_run(lake: duckdb.DuckDBPyConnection, run: str, as_of: datetime) -> None:
    """Make the run the one to serve."""
    lake.execute(RUN.format(run=run))
    lake.execute(
        "update lake.operations.serving_states set run_id = ?, as_of = ?, fresh_until = ?",
        [run, as_of, as_of + timedelta(hours=33)],
    )


def add_login(server: LocalServer) -> dict[str, str]:
    """A login of the consumer; the environment in which pgbench is that login."""
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role crm_login login password {} in role crm").format(
                sql.Literal("benchmark")
            )
        )
    return {
        **os.environ,
        "PGHOST": str(server.socket_folder),
        "PGPORT": str(server.port),
        "PGUSER": "crm_login",
        "PGPASSWORD": "benchmark",
        "PGDATABASE": "predictions",
    }


@click.command()
@click.option("--customers", type=int, default=2_000_000, show_default=True)
@click.option("--clients", type=int, default=8, show_default=True)
@click.option("--rate", type=int, default=200, show_default=True, help="Lookups per second.")
@click.option("--seconds", type=int, default=20, show_default=True)
def main(customers: int, clients: int, rate: int, seconds: int) -> None:
    """Look customers up for a while, and publish a run after run meanwhile."""
    as_of = utc_now() - timedelta(hours=10)
    with tempfile.TemporaryDirectory(prefix="serving-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        (folder / "lookup.sql").write_text(LOOKUP.format(customers=customers))
        with local_server(folder / "data") as server, duckdb.connect() as lake:
            lake.execute(LAKE)
            lake.execute(ROWS.format(customers=customers))
            add_run(lake, "run-0", as_of)
            (first,) = publish(lake, server.dsn)
            click.echo(f"first publish: {first.rows:,} rows in {first.seconds:.1f} s {first.error}")
            environment = add_login(server)
            latencies: dict[str, list[float]] = {}
            for name in ("idle", "publishing"):
                stop = threading.Event()

                def publish_on(stop: threading.Event = stop) -> None:
                    number = 0
                    while not stop.is_set():
                        number += 1
                        add_run(lake, f"run-{number}", as_of + timedelta(days=number))
                        (outcome,) = publish(lake, server.dsn)
                        click.echo(f"  published {outcome.rows:,} rows in {outcome.seconds:.1f} s")

                publisher = threading.Thread(target=publish_on)
                if name == "publishing":
                    publisher.start()
                    time.sleep(1)
                prefix = folder / name
                subprocess.run(
                    [
                        str(server.bin / "pgbench"), "--no-vacuum", f"--client={clients}",
                        "--file", str(folder / "lookup.sql"), f"--rate={rate}",
                        f"--time={seconds}", "--log", f"--log-prefix={prefix}",
                        "--protocol=prepared",
                    ],
                    env=environment, check=True, capture_output=True,
                )  # fmt: skip
                stop.set()
                if publisher.is_alive():
                    publisher.join()
                latencies[name] = sorted(
                    int(line.split()[2]) / 1000
                    for file in folder.glob(f"{name}.*")
                    for line in file.read_text().splitlines()
                )
    for name, values in latencies.items():
        p50, p95, p99 = (values[int(len(values) * share)] for share in (0.5, 0.95, 0.99))
        click.echo(
            f"{name}: {len(values):,} lookups, p50 {p50:.2f} ms, p95 {p95:.2f} ms, p99 {p99:.2f} ms"
        )


if __name__ == "__main__":
    main()
