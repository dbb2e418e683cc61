"""Delivery of the outbox: each message once, through failures, without leaking secrets."""

import shutil
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from python_scoring.errors import DeliveryError, InputError
from python_scoring.notifications import command
from python_scoring.notifications.command import Delivery, Settings, preview
from python_scoring.warehouse import Warehouse, write_to_lake
from tests.support.outbox import NOW, OTHER, OWNER, TOKEN, Outbox, run
from tests.support.webhooks import SECRET_ANSWER, Webhook, webhook


@pytest.fixture
def second_hook() -> Iterator[Webhook]:
    """Another one."""
    with webhook() as hook:
        yield hook


def test_each_message_is_delivered_once_and_recorded_in_its_incident(
    outbox: Outbox, hook: Webhook, second_hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each owner gets the own messages in their order, whole; a second run has nothing to do."""
    outbox.put("n1", "n2")
    outbox.put("n3", recipient=OTHER, incident="clv/sla_breach/1")
    monkeypatch.setenv("NOTIFY_CUSTOMER_ANALYTICS", hook.address())
    monkeypatch.setenv("NOTIFY_DEFAULT", second_hook.address())
    assert run() == [
        f"{OWNER} told through json: about n1",
        f"{OTHER} told through json: about n3",
        f"{OWNER} told through json: about n2",
    ]
    assert run() == ["Nothing is due for delivery."]
    assert (hook.ids, second_hook.ids) == (["n1", "n2"], ["n3"])
    told = hook.received[0]
    assert told["title"] == "about n1"
    assert told["message"] == "What to do."
    assert told["type"] == "failure"
    assert told["incident_id"] == "churn/run_failed/1"

    assert (
        outbox.rows("status, attempts, delivered_at, last_attempt_at, last_failure")
        == [("delivered", 1, NOW, NOW, None)] * 3
    )
    events = outbox.rows(
        "event_number, incident_id, event, severity, fallback_mode, as_of, served_as_of, message,"
        " watermark, recorded_at, recorded_by, invocation_id",
        "incident_events",
    )
    same = ("notified", "high", "last_known_good", datetime(2026, 11, 23), datetime(2026, 11, 22))
    rest = (None, NOW, None, None)
    churn, clv = "churn/run_failed/1", "clv/sla_breach/1"
    assert events[2:] == [
        (3, churn, *same, f"told {OWNER} that it was opened", *rest),
        (4, clv, *same, f"told {OTHER} that it was opened", *rest),
        (5, churn, *same, f"told {OWNER} that it was opened", *rest),
    ]


def test_two_processes_at_the_same_time_deliver_once(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one waits for the first, and then finds nothing to do."""
    names = [f"n{number}" for number in range(8)]
    outbox.put(*names)
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    hook.may_answer.clear()
    first = outbox.start("--timeout", "60")
    hook.wait_for(1)
    second = outbox.start()
    assert second.stdout is not None
    waiting = second.stdout.readline()
    hook.may_answer.set()
    assert waiting == "Another notify is running on this warehouse; waiting for it.\n"
    outputs = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert outputs[1] == "Nothing is due for delivery.\n"
    assert hook.ids == names


def test_a_server_that_fails_is_tried_again_later(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in a run, whatever its address asks for; after a minute, then two, until it accepts."""
    outbox.put("n1")
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address("?retry=3"))
    hook.status = 500
    deliveries: list[Delivery] = []
    [said] = run(deliveries=deliveries)
    reason = "json: not accepted (HTTP 500)"
    [delivery] = deliveries
    assert (delivery.recipient, delivery.outcome, delivery.reason) == (OWNER, "not told", reason)
    assert delivery.next_attempt_at == NOW + timedelta(minutes=1)
    assert said == f"{OWNER} not told ({reason}; again from 2026-11-23 07:01:00): about n1"
    for seconds, tries in ((59, 1), (60, 2)):
        monkeypatch.setenv("PREDICTION_NOW", (NOW + timedelta(seconds=seconds)).isoformat())
        run()
        assert len(hook.received) == tries
    recovery = NOW + timedelta(seconds=180)
    assert outbox.rows("status, attempts, next_attempt_at, delivered_at") == [
        ("failed", 2, recovery, None)
    ]
    assert "notified" not in {event for (event,) in outbox.rows("event", "incident_events")}

    hook.status = 200
    monkeypatch.setenv("PREDICTION_NOW", recovery.isoformat())
    run()
    assert hook.ids == ["n1"] * 3
    assert outbox.rows("status, attempts, next_attempt_at, delivered_at, last_failure") == [
        ("delivered", 3, None, recovery, reason)
    ]


def test_a_redirect_is_not_a_delivery(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page that it leads to would answer well, and get no message."""
    outbox.put("n1")
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    hook.status, hook.location = 302, "/elsewhere"
    run()
    assert outbox.rows("status, last_failure") == [("failed", "json: not accepted (HTTP 302)")]


@pytest.mark.parametrize("drips", [False, True], ids=["says nothing", "drips"])
def test_a_hanging_server_is_given_up_and_delays_no_other(
    outbox: Outbox,
    hook: Webhook,
    second_hook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    *,
    drips: bool,
) -> None:
    """It costs one timeout in a run, also for many messages, and if it sends a byte at times."""
    outbox.put("n1", "n2", "n3")
    outbox.put("n4", recipient=OTHER)
    monkeypatch.setenv("NOTIFY_CUSTOMER_ANALYTICS", hook.address())
    monkeypatch.setenv("NOTIFY_REVENUE", second_hook.address())
    hook.status, hook.drips = 0, drips
    started = time.monotonic()
    said = run(Settings(timeout=0.5))
    assert time.monotonic() - started < 30
    assert "json: no answer within 0.5 s" in said[0]
    assert hook.ids == ["n1"]
    assert second_hook.ids == ["n4"]
    waiting = {"n2": "pending", "n3": "pending", "n4": "delivered"}
    assert outbox.statuses() == {"n1": "failed", **waiting}


def test_a_killed_process_loses_nothing(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With SIGKILL half-way through ten messages: each arrives, one at most twice, with its id."""
    names = [f"n{number}" for number in range(10)]
    outbox.put(*names)
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    hook.seconds = 0.1
    process = outbox.start()
    hook.wait_for(5)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert len(hook.received) < len(names)
    run()
    assert sorted(set(hook.ids)) == names
    assert len(hook.ids) - len(names) <= 1
    assert set(outbox.statuses().values()) == {"delivered"}
    attempts = outbox.rows("notification_id, attempt, outcome", "notification_attempts")
    assert attempts == [(name, 1, "delivered") for name in names]
    events = [event for (event,) in outbox.rows("event", "incident_events")]
    assert events.count("notified") == len(names)


def test_after_the_last_retry_the_command_fails(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command fails and names the recipient, until a person has it taken up again."""
    outbox.put("n1")
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    hook.status = 500
    run(Settings(max_attempts=2))
    later = (NOW + timedelta(minutes=1)).isoformat()
    monkeypatch.setenv("PREDICTION_NOW", later)
    message = f"1 message to {OWNER} given up; .*--retry-dead-letters"
    with pytest.raises(DeliveryError, match=message):
        run(Settings(max_attempts=2))
    with pytest.raises(DeliveryError, match=message):
        run()
    assert hook.ids == ["n1"] * 2
    assert outbox.rows("status, attempts, next_attempt_at, last_failure") == [
        ("dead_letter", 2, None, "json: not accepted (HTTP 500)")
    ]

    # Taken up again, it has all its tries again.
    run(Settings(max_attempts=2, retry_dead_letters=True))
    assert outbox.statuses() == {"n1": "failed"}
    hook.status = 200
    monkeypatch.setenv("PREDICTION_NOW", (NOW + timedelta(minutes=2)).isoformat())
    run()
    assert outbox.statuses() == {"n1": "delivered"}
    assert hook.ids == ["n1"] * 4


def test_only_the_destination_that_failed_is_tried_again(
    outbox: Outbox, hook: Webhook, second_hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An owner with two: who has accepted gets no repeat, and the incident is notified of once."""
    outbox.put("n1")
    monkeypatch.setenv("NOTIFY_DEFAULT", f"{hook.address()} {second_hook.address()}")
    second_hook.status = 500
    run()
    assert outbox.rows("status, attempts, delivered_at") == [("failed", 2, NOW)]
    second_hook.status = 200
    monkeypatch.setenv("PREDICTION_NOW", (NOW + timedelta(minutes=1)).isoformat())
    run()
    assert (hook.ids, second_hook.ids) == (["n1"], ["n1", "n1"])
    assert outbox.rows("status, attempts, delivered_at") == [("delivered", 3, NOW)]
    events = [event for (event,) in outbox.rows("event", "incident_events")]
    assert events == ["notified", "opened"]
    destinations = outbox.rows("destination, count(*)", "notification_attempts group by 1")
    assert sorted(count for _, count in destinations) == [1, 2]


def test_a_destination_that_is_taken_out_keeps_no_message_open(
    outbox: Outbox, hook: Webhook, second_hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a dead letter: the message is delivered if all that are left have it."""
    outbox.put("n1")
    monkeypatch.setenv("NOTIFY_DEFAULT", f"{hook.address()} {second_hook.address()}")
    second_hook.status = 500
    with pytest.raises(DeliveryError):
        run(Settings(max_attempts=1))
    assert outbox.statuses() == {"n1": "dead_letter"}
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    run()
    assert outbox.statuses() == {"n1": "delivered"}
    assert (hook.ids, second_hook.ids) == (["n1"], ["n1"])


def test_an_owner_without_destination_is_named_and_the_others_are_told(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The messages wait, the error says which variable to set; once it is set they arrive."""
    outbox.put("n1")
    outbox.put("n2", recipient=OTHER)
    monkeypatch.setenv("NOTIFY_REVENUE", hook.address())
    with pytest.raises(DeliveryError, match=f"{OWNER}: no destination.*NOTIFY_CUSTOMER_ANALYTICS"):
        run()
    assert outbox.statuses() == {"n1": "pending", "n2": "delivered"}
    monkeypatch.setenv("NOTIFY_CUSTOMER_ANALYTICS", hook.address())
    run()
    assert hook.ids == ["n2", "n1"]


def test_destinations_come_from_the_file_and_the_variable_and_else_the_default(
    outbox: Outbox,
    hook: Webhook,
    second_hook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A tag in the file is an owner's name; file and variable add up; the default is for others."""
    config = tmp_path / "notify.yml"
    config.write_text(f"urls:\n  - {hook.address('file')}:\n      - tag: {OWNER}, somebody-else\n")
    outbox.put("n1")
    outbox.put("n2", recipient=OTHER)
    monkeypatch.setenv("NOTIFY_CONFIG", str(config))
    monkeypatch.setenv("NOTIFY_CUSTOMER_ANALYTICS", second_hook.address())
    monkeypatch.setenv("NOTIFY_DEFAULT", second_hook.address("default"))
    said: list[str] = []
    deliveries: list[Delivery] = []
    preview(Settings(), said.append, deliveries)
    assert [(each.notification_id, each.through, each.outcome) for each in deliveries] == [
        ("n1", "json", "would be told"),
        ("n1", "json", "would be told"),
        ("n2", "json", "would be told"),
    ]
    assert said == [
        f"{OWNER} would be told through json, json: about n1",
        f"{OTHER} would be told through json: about n2",
    ]
    assert hook.ids == second_hook.ids == []
    assert outbox.statuses() == {"n1": "pending", "n2": "pending"}
    run()
    assert hook.ids == ["n1"]
    assert sorted(second_hook.ids) == ["n1", "n2"]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (
            f"urls:\n  - json://127.0.0.1/\n  - bogus://{TOKEN}/:\n      - tag: revenue\n",
            "entry #2",
        ),
        (f"urls: [{TOKEN}", "cannot use all"),
        (f"revenue=bogus://{TOKEN}/\n", "on line 1"),
        (b"\xff\xfe" + TOKEN.encode(), "cannot be read as text"),
        (None, "cannot be read as text"),
    ],
    ids=["unknown service", "broken YAML", "unknown service in text", "not text", "no file"],
)
def test_a_broken_configuration_is_named_and_not_quoted(
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: str | bytes | None,
    where: str,
) -> None:
    """Nothing is sent, for nobody knows who would be left out; the error names file and place."""
    is_yaml = isinstance(content, str) and content.startswith("urls")
    config = tmp_path / f"destinations.{'yml' if is_yaml else 'conf'}"
    if content is not None:
        config.write_bytes(content.encode() if isinstance(content, str) else content)
    outbox.put("n1")
    monkeypatch.setenv("NOTIFY_CONFIG", str(config))
    with pytest.raises(InputError, match=where) as error:
        run()
    assert str(config) in str(error.value)
    assert TOKEN not in str(error.value)
    assert outbox.statuses() == {"n1": "pending"}


def test_an_invalid_address_affects_only_its_owner(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable and the position are named, the address is not; others are told."""
    outbox.put("n1")
    outbox.put("n2", recipient=OTHER)
    monkeypatch.setenv("NOTIFY_CUSTOMER_ANALYTICS", f"{hook.address()} bogus://{TOKEN}/")
    monkeypatch.setenv("NOTIFY_REVENUE", hook.address())
    with pytest.raises(InputError, match=r"NOTIFY_CUSTOMER_ANALYTICS: .*address 2 of 2") as error:
        run()
    assert TOKEN not in str(error.value)
    assert hook.ids == ["n2"]


def test_no_secret_is_written_anywhere(
    outbox: Outbox, hook: Webhook, second_hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where it is accepted, refused, out of reach or hanging: not printed, logged or stored."""
    outbox.put("n1", "n2")
    hook.status = 500
    secrets = f"?+X-Key={TOKEN}&-key={TOKEN}&:key={TOKEN}"
    addresses = [
        f"json://user:{TOKEN}@127.0.0.1:{hook.port}/{TOKEN}/{secrets}",
        f"json://user:{TOKEN}@127.0.0.1:{second_hook.port}/{TOKEN}/{secrets}",
        f"jsons://user:{TOKEN}@127.0.0.1:{hook.port}/{TOKEN}/{secrets}&verify=no",
        f"form://user:{TOKEN}@127.0.0.1:1/{TOKEN}/{secrets}",
        f"slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi{TOKEN[:4]}/?rto=1&bogus={TOKEN}",
    ]
    monkeypatch.setenv("NOTIFY_DEFAULT", " ".join(addresses[:4]))
    monkeypatch.setenv("PYTHONDEVMODE", "1")  # every warning is printed
    process = outbox.start("--timeout", "2")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "json: not accepted (HTTP 500)" in output
    assert "form: out of reach" in output
    assert "jsons: out of reach" in output
    assert second_hook.ids == ["n1", "n2"]
    assert second_hook.received[0]["key"] == TOKEN
    stored = [file for file in outbox.project.warehouse.rglob("*") if file.is_file()]
    found = b"\n".join([output.encode(), *(file.read_bytes() for file in stored)])
    for secret in (TOKEN, SECRET_ANSWER, "127.0.0.1", f":{hook.port}"):
        assert secret.encode() not in found, secret


def test_a_delivery_beside_a_build_is_journalled_and_not_repeated(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a build holds the lake nothing is written into it; afterwards it is, and once."""
    outbox.put("n1", "n2")
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    monkeypatch.setattr(command, "RECORD_TIMEOUT", 0)
    warehouse = Warehouse(outbox.project.warehouse)
    journal = warehouse.folder / "delivery_journal.jsonl"
    with warehouse.writer_lock():
        assert "the next notify will record it" in run()[-1]
        journal.write_text(f'{journal.read_text()}{{"notification_id": "cut o')
        run()
    assert hook.ids == ["n1", "n2"]
    assert outbox.statuses() == {"n1": "pending", "n2": "pending"}
    recorded = journal.read_text()
    run()
    journal.write_text(recorded)  # as if it had been killed right after the commit
    run()
    assert hook.ids == ["n1", "n2"]
    assert outbox.rows("status, attempts") == [("delivered", 1)] * 2
    events = [event for (event,) in outbox.rows("event", "incident_events")]
    assert events == ["notified", "notified", "opened"]
    assert not journal.exists()


def test_a_transaction_beside_builds_is_whole_or_not_at_all(outbox: Outbox) -> None:
    """It waits for the lock, and tries again where somebody who knows of no lock was faster."""
    warehouse = Warehouse(outbox.project.warehouse)
    insert = "insert into lake.operations.source_failures (message) values (?)"
    count = "source_failures where message = 'mine'"
    tries = 0

    def work(lake: duckdb.DuckDBPyConnection) -> None:
        nonlocal tries
        tries += 1
        lake.execute(insert, ["mine"])
        if tries == 1:
            outbox.lake.execute(insert, ["of another"])

    with write_to_lake(warehouse) as writer:
        with warehouse.writer_lock():
            assert not writer.transact(work)
        assert tries == 0
        assert writer.transact(work)
    assert tries == 2
    assert outbox.rows("count(*)", count) == [(1,)]


def test_a_copied_warehouse_is_written_where_it_is(
    outbox: Outbox, hook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before any build in it: what is delivered from the copy stays unknown to the original."""
    outbox.put("n1")
    copy = tmp_path / "copy"
    shutil.copytree(outbox.project.warehouse, copy)
    monkeypatch.setenv("WAREHOUSE", str(copy))
    monkeypatch.setenv("NOTIFY_DEFAULT", hook.address())
    run()
    with write_to_lake(Warehouse(copy)) as writer:
        # As a large insert is stored: in a file of its own, not in the catalog.
        writer.lake.execute("call lake.set_option('data_inlining_row_limit', 0)")
        writer.lake.execute("insert into lake.operations.source_failures (message) values ('x')")
        [(status,)] = writer.lake.execute(
            "select status from lake.operations.notifications"
        ).fetchall()
    assert status == "delivered"
    assert outbox.statuses() == {"n1": "pending"}
    before, after = (set(folder.rglob("*.parquet")) for folder in (outbox.project.warehouse, copy))
    assert len(after) == len(before) + 1
