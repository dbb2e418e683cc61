"""`make survive`: every trial, as many as the minutes allow, and the tables of what came out.

A table for each section, with when, where and under which load it ran. Sections can be run apart:
`--only kill --out docs/resilience.md` replaces the table of that section alone. Ends with exit code
1 where something was lost, wrong or unnoticed.
"""

import argparse
import os
import platform
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from itertools import chain
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
# Minutes that a section may take in the full run before it goes on to the next one.
SHARES = {
    "bits": 6, "storage": 18, "disks": 18, "kill": 34, "concurrency": 24, "time": 5,
    "bad input": 15,
}  # fmt: skip
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
    # One after the other, so that what breaks off leaves the results before it.
    "bad input": lambda bench, part: chain(
        broken_files(bench, max(len(BREAKS), round(part * 60))), fuzz(bench, part)
    ),
}


def _results_of(name: str, bench: Bench, part: float) -> Iterator[Result]:
    """The rows of a section; a section that broke off is a row that was not survived."""
    bench.deadline = time.monotonic() + SHARES[name] * 60 * part
    try:
        yield from SECTIONS[name](bench, part)
    except Exception:  # noqa: BLE001 - the other sections go on
        traceback.print_exc()
        yield Result(f"the trials of {name} broke off", tried=1)


def title(section: str) -> str:
    """The line of a page that a section's table stands below."""
    return f"### {section.capitalize()}"


def write_tables(path: Path, tables: Mapping[str, str]) -> None:
    """Put tables between the marks of a page, by section; the rest of the page stays."""
    before, _, rest = path.read_text().partition(BEGIN)
    former, _, after = rest.partition(END)
    found = dict(
        zip(*[iter(re.split(r"^(### .+)$", former, flags=re.MULTILINE)[1:])] * 2, strict=True)
    )
    found |= {title(section): table for section, table in tables.items()}
    ordered = [title(section) for section in SECTIONS if title(section) in found]
    pieces = [f"{heading}\n\n{found[heading].strip()}" for heading in ordered]
    path.write_text("\n\n".join([f"{before}{BEGIN}", *pieces, f"{END}{after}"]))


def circumstances(given: argparse.Namespace, minutes: float) -> str:
    """When, where, how much and how long: a machine with a higher load than cores is busy."""
    day, load = datetime.now(timezone.utc).date(), os.getloadavg()[2]
    return (
        f"{day}, {platform.machine()}, {os.cpu_count()} cores with a load of {load:.1f}, Python "
        f"{platform.python_version()}: {given.customers} customers, seed {given.seed}, size "
        f"{given.minutes} of {FULL} minutes, took {minutes:.0f} minutes."
    )


def main() -> None:
    """Run the sections that were asked for, and write the table."""
    parser = argparse.ArgumentParser(prog="make survive")
    parser.add_argument("--minutes", type=int, default=FULL)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SECTIONS, action="append")
    parser.add_argument("--out", type=Path, help="write the tables into this file")
    given = parser.parse_args()
    trust_installed_extensions()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="survive-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), given.customers, given.seed)
        for name in given.only or SECTIONS:
            started = time.monotonic()
            rows = []
            for result in _results_of(name, bench, min(1.0, given.minutes / FULL)):
                sys.stdout.write(f"{result.row()}\n")
                sys.stdout.flush()
                rows.append(result)
            words = circumstances(given, (time.monotonic() - started) / 60)
            table = "\n".join([words, "", HEADING, *(result.row() for result in rows)])
            sys.stdout.write(f"\n{title(name)}\n\n{table}\n\n")
            if given.out:
                write_tables(given.out, {name: table})
            results += rows
    bad = [result.fault for result in results if not result.is_good]
    if bad:
        sys.exit(f"not survived: {', '.join(bad)}")


if __name__ == "__main__":
    main()
