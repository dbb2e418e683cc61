"""The console log of a build: what it leaves out, and its progress line on a terminal."""

import io

from dbt.events.types import LogStartLine, LogTestResult, RunResultWarning
from dbt_common.events.base_types import BaseEvent, EventLevel, EventMsg, msg_from_base_event

from python_scoring.project.build_log import Progress, _on_page

ESCAPE = "\x1b"


def message(event: BaseEvent, level: EventLevel = EventLevel.INFO) -> EventMsg:
    found: EventMsg = msg_from_base_event(event, level)
    return found


def start(index: int) -> EventMsg:
    return message(LogStartLine(description="a model", index=index, total=40))


def test_nodes_that_passed_are_not_on_a_page() -> None:
    shown = _on_page(lambda _: True)
    passed = LogTestResult(name="a test", status="pass", index=1, num_models=2, execution_time=0.1)
    assert not shown(start(1))
    assert not shown(message(passed))
    assert shown(message(passed, EventLevel.WARN))


def test_a_terminal_has_one_line_of_progress_without_ansi_codes() -> None:
    """The line is written over, and removed before a line of the log."""
    stream = io.StringIO()
    shown = _on_page(lambda _: True, Progress(stream))
    assert not shown(start(10))
    assert not shown(start(20))
    assert shown(message(RunResultWarning(resource_type="test", node_name="a", path="b")))
    stream.write("the warning\n")
    text = stream.getvalue()
    assert ESCAPE not in text
    bars = [part for part in text.split("\r") if part.startswith("[")]
    assert [bar.count("#") for bar in bars] == [7, 15]
    assert bars[-1].endswith("20 of 40")
    last = text.rpartition("20 of 40")[2]
    assert last == f"\r{' ' * len(bars[-1])}\rthe warning\n"
