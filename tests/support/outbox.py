"""Outbox with messages to deliver, and webhooks that receive them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from python_scoring.notifications.command import Delivery, Settings, notify
from python_scoring.warehouse import Warehouse, connect_lake, prepare
from tests.support.project import Project
from tests.support.webhooks import Webhook, webhook

NOW = datetime(2026, 11, 23, 7)


TABLES = ("notification_messages", "notification_attempts", "incident_events")


OWNER, OTHER = "customer-analytics", "revenue"
TOKEN = "s3cr3tT0ken"  # noqa: S105 - the secret that must be found nowhere


class Outbox:
    """Outbox of one warehouse: messages inserted by a test, and their statuses."""

    def __init__(self, project: Project, lake: duckdb.DuckDBPyConnection) -> None:
        """With a connection that may write."""
        self.project = project
        self.lake = lake

    def put(
        self, *names: str, recipient: str = OWNER, incident: str = "churn/run_failed/1"
    ) -> None:
        """Insert messages for one recipient, with their incident event."""
        number = "(select coalesce(max(event_number), 0) + 1 from lake.operations.incident_events)"
        self.lake.begin()
        self.lake.execute(
            "insert into lake.operations.incident_events (event_number, incident_id, product,"
            " cause, event, severity, fallback_mode, as_of, served_as_of, message, watermark,"
            " recorded_at)"
            f" select {number}, ?, 'churn', 'run_failed', 'opened', 'high', 'last_known_good',"
            " '2026-11-23', '2026-11-22', 'it failed', 7, '2026-11-23 06:20:00'",
            [incident],
        )
        for position, name in enumerate(names):
            self.lake.execute(
                "insert into lake.operations.notification_messages (notification_id, incident_id,"
                " occasion, product, severity, recipient, subject, body, created_at, invocation_id)"
                " values (?, ?, 'opened', 'churn', 'high', ?, ?, 'What to do.', ?, 'i1')",
                [name, incident, recipient, f"about {name}", NOW + timedelta(seconds=position)],
            )
        self.lake.commit()

    def rows(self, columns: str, table: str = "notifications") -> list[tuple[Any, ...]]:
        """Rows of a table of lake.operations, in the order of the columns."""
        return self.lake.execute(
            f"select {columns} from lake.operations.{table} order by all"
        ).fetchall()

    def statuses(self) -> dict[str, str]:
        """The status of every message."""
        return dict(self.rows("notification_id, status"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`python -m python_scoring notify` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "python_scoring", "notify", *arguments],
            cwd=self.project.folder,
            env={**self.project.environment(), "PREDICTION_NOW": NOW.isoformat()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(scope="module")
def lake(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outbox]:
    """A copy of the warehouse that was built once, for all tests of this file."""
    folder = tmp_path_factory.mktemp("notify") / "warehouse"
    shutil.copytree(built.warehouse, folder)
    with duckdb.connect() as connection:
        prepare(Warehouse(folder), connection)
    with connect_lake(Warehouse(folder), read_only=False) as connection:
        yield Outbox(Project(built.folder, built.raw_data, folder, built.target), connection)


@pytest.fixture
def outbox(lake: Outbox, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """An empty outbox, at NOW, without any destination."""
    for table in TABLES:
        lake.lake.execute(f"delete from lake.operations.{table}")
    for name in [*os.environ]:
        if name.startswith("NOTIFY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("WAREHOUSE", str(lake.project.warehouse))
    monkeypatch.setenv("PREDICTION_NOW", NOW.isoformat())
    return lake


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook."""
    with webhook() as hook:
        yield hook


def run(settings: Settings | None = None, deliveries: list[Delivery] | None = None) -> list[str]:
    """Return the output of one `notify`, which fills `deliveries`."""
    said: list[str] = []
    notify(settings or Settings(timeout=5), said.append, deliveries)
    return said
