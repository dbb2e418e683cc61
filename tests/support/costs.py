"""Processor seconds per test, with every process that it started.

With TEST_COSTS set to a file, each line of it has a test, a phase (setup, call, teardown), seconds,
and the command that the fork server ran, or `pytest` for pytest itself and its own children.
`python -m tests.support.costs FILE` prints the sums by file, test and command.
"""

import os
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE = "TEST_COSTS"  # environment variable
MOST = 40  # tests and commands that are printed


def seconds_so_far() -> float:
    """Return the processor seconds of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def record(file: str, test: str, seconds: float, spent_on: str) -> None:
    """Append a line; `test` is pytest's `<node id> (<phase>)`."""
    with Path(file).open("a") as lines:
        lines.write(f"{test}\t{seconds:.3f}\t{spent_on}\n")


def measured(test: str) -> Iterator[None]:
    """Record the processor seconds of a phase of a test."""
    before = seconds_so_far()
    yield
    if file := os.environ.get(FILE):
        record(file, test, seconds_so_far() - before, "pytest")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Measure the set-up, which includes fixtures that the test is the first to use."""
    yield from measured(f"{item.nodeid} (setup)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Measure the test itself."""
    yield from measured(f"{item.nodeid} (call)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Measure the teardown of fixtures that are no longer needed."""
    yield from measured(f"{item.nodeid} (teardown)")


def main(file: Path) -> None:
    """Print the sums, the largest first."""
    files: Counter[str] = Counter()  # in thousandths of seconds
    tests: Counter[str] = Counter()
    commands: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        test, seconds, spent_on = line.split("\t")
        used = int(seconds.replace(".", ""))
        files[test.partition("::")[0]] += used
        tests[test] += used
        commands[spent_on] += used
    for title, counter, most in (
        ("file", files, None), ("test", tests, MOST), ("command", commands, MOST)
    ):  # fmt: skip
        sys.stdout.write(f"\n{sum(counter.values()) / 1000:8.1f}  all, by {title}\n")
        for name, used in counter.most_common(most):
            sys.stdout.write(f"{used / 1000:8.1f}  {name}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
