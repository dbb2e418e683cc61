"""Notifications of builds, delivered during and after them."""

from pathlib import Path

import duckdb
import pytest

from python_scoring.errors import InputError
from python_scoring.notifications.command import Settings, notify, preview
from python_scoring.warehouse import Warehouse, connect_lake, prepare
from tests.support.fixtures import Fresh
from tests.support.outbox import Outbox, run
from tests.support.webhooks import Webhook, until, webhook


def test_delivery_beside_a_real_build(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages go out while the build runs; neither fails, and both find what they wrote."""
    project = fresh()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with webhook() as hook, connect_lake(Warehouse(project.warehouse), read_only=False) as lake:
        monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
        outbox = Outbox(project, lake)
        names = [f"n{number}" for number in range(5)]
        outbox.put(*names)
        build = project.start(
            *("build", "--select", "+predictions_churn"),
            env={
                "PREDICTION_NOW": "2026-11-24T07:00:00",
            },
        )
        until(lambda: "START hook" in (project.target / "started.log").read_text())
        process = outbox.start()
        hook.wait_for(len(names))
        assert build.poll() is None
        output, _ = process.communicate(timeout=120)
        assert build.wait(timeout=120) == 0, (project.target / "started.log").read_text()
        assert process.returncode == 0
        assert "A build is running" in output
        # The hooks of the build have messages of their own about the incident that was put in.
        assert [each for each in hook.ids if each in names] == names
        assert len(set(hook.ids)) == len(hook.ids)
        statuses = outbox.statuses()
        assert {statuses[each] for each in hook.ids} == {"delivered"}
        [(published,)] = outbox.rows(
            "count(*)", "run_ledger where status = 'published' and as_of = '2026-11-24'"
        )
        assert published == 1


def test_a_failed_build_before_any_model_is_notified_once_in_service(
    fresh: Fresh, hook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where no view over the outbox was built; in commissioning nobody hears of it."""
    project = fresh(empty=True, raw_data=tmp_path / "nothing")
    assert project.build(check=False).returncode != 0
    with pytest.raises(duckdb.CatalogException):
        project.query("select * from lake.operations.notifications")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("WAREHOUSE", str(project.warehouse))
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    run()
    assert not hook.received
    project.command("commission", "churn", "--by", "ana", "--reason", "campaigns start")
    assert project.build(check=False).returncode != 0
    run()
    assert {told["title"].split("] ")[1] for told in hook.received} == {
        "churn: source broken opened"
    }
    assert "What to do: repair the export" in hook.received[0]["message"]


def test_nothing_built_and_an_older_warehouse_are_named(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no warehouse, and where it has no outbox yet."""
    folder = fresh(empty=True).warehouse
    monkeypatch.setenv("WAREHOUSE", str(folder))
    with pytest.raises(InputError, match="nothing was built in this warehouse"):
        run()
    folder.mkdir()
    with duckdb.connect() as connection:
        prepare(Warehouse(folder), connection)
    for deliver in (notify, preview):
        with pytest.raises(InputError, match=r"has no outbox yet.*Run `dbt build` once"):
            deliver(Settings(), print)
