"""`make survive`: every trial, as many as the minutes allow, and the table of what came out.

Ends with exit code 1 where something was lost, wrong or unnoticed.
"""

import argparse
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from tests.resilience.bad_input import BREAKS, broken_files
from tests.resilience.beside import beside_a_build
from tests.resilience.bits import flips
from tests.resilience.disks import disks
from tests.resilience.fuzz import fuzz
from tests.resilience.kills import kills
from tests.resilience.storage import FAULTS, KINDS, damaged_files, yesterdays
from tests.resilience.time_faults import clocks
from tests.resilience.trials import HEADING, Bench, Result
from tests.support.extensions import trust_installed_extensions

BEGIN, END = "<!-- table of make survive -->", "<!-- end of the table -->"
FULL = 120  # minutes; with less, the trials that go by number are fewer
Section = Callable[[Bench, float], Iterable[Result]]
SECTIONS: dict[str, Section] = {
    "bits": lambda bench, _: flips(bench, 300),
    "storage": lambda bench, part: [
        *damaged_files(bench, max(len(KINDS), round(part * len(KINDS) * len(FAULTS)))),
        *yesterdays(bench),
    ],
    "disks": disks,
    "kill": lambda bench, part: kills(bench, max(3, round(part * 100))),
    "concurrency": beside_a_build,
    "time": lambda bench, _: clocks(bench),
    "bad input": lambda bench, part: [
        *broken_files(bench, max(len(BREAKS), round(part * 60))),
        *fuzz(bench, part),
    ],
}


def _results_of(name: str, section: Section, bench: Bench, part: float) -> Iterator[Result]:
    """The rows of a section; a section that broke off is a row that was not survived."""
    started = time.monotonic()
    try:
        yield from section(bench, part)
    except Exception:  # noqa: BLE001 - the other sections go on
        traceback.print_exc()
        yield Result(f"the trials of {name} broke off", tried=1)
    sys.stderr.write(f"{name}: {(time.monotonic() - started) / 60:.1f} minutes\n")


def write_table(path: Path, table: str) -> None:
    """Put the table between the marks of a page; the rest of the page stays."""
    before, _, rest = path.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def main() -> None:
    """Run the sections that were asked for, and write the table."""
    parser = argparse.ArgumentParser(prog="make survive")
    parser.add_argument("--minutes", type=int, default=FULL)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SECTIONS, action="append")
    parser.add_argument("--out", type=Path, help="write the table into this file")
    given = parser.parse_args()
    trust_installed_extensions()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="survive-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), given.customers, given.seed)
        results: list[Result] = []
        for name, section in SECTIONS.items():
            if given.only and name not in given.only:
                continue
            for result in _results_of(name, section, bench, min(1.0, given.minutes / FULL)):
                sys.stdout.write(f"{result.row()}\n")
                sys.stdout.flush()
                results.append(result)
    minutes = (time.monotonic() - started) / 60
    table = "\n".join([HEADING, *(result.row() for result in results)])
    when = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    words = (
        f"{when}, {machine}, {given.customers} customers, seed {given.seed}, {minutes:.0f} minutes."
    )
    sys.stdout.write(f"\n{words}\n\n{table}\n")
    if given.out:
        write_table(given.out, f"{words}\n\n{table}")
    bad = [result.fault for result in results if not result.is_good]
    if bad:
        sys.exit(f"not survived: {', '.join(bad)}")


if __name__ == "__main__":
    main()
