"""A scripted month of operation with a frozen clock, and a dump of all that readers then find.

The month holds late data, a killed build, raw data that cannot be read, a quarantined run, missed
deadlines up to an escalation, a review, and a change of model.

`python -m tests.support.scripted_month FOLDER` plays it and writes a file per table into FOLDER:
`diff -r` of two folders compares two versions of the project. The test
`tests/end_to_end/operations/test_scripted_month.py` compares the digests of the dump with those in
`scripted_month.csv`; `--accept FOLDER` writes them anew.
"""

import csv
import hashlib
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from python_scoring.models.registry import Registry
from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from tests.support.artifacts import demo_artifact
from tests.support.page import Page
from tests.support.project import Project, copy_of_project

CUSTOMERS = 400
START = datetime(2026, 12, 8)  # the demo data reach until then
END = "2026-12-04T07:00:00"
NEW_VERSION = "1.0.9"
REGISTERED = datetime(2026, 12, 2)
READ_AT = "2026-12-04T08:00:00"
DIGESTS = Path(__file__).with_suffix(".csv")
DECIMALS = 6  # of doubles in the digests: the last bits of a score may differ by processor

# Not what a run found out, but where, when or by which code it ran.
LEFT_OUT = {
    "code_version",
    "definition_sha256",
    "definitions_sha256",
    "engine",
    "feature_definitions",
    "invocation_id",
    "lake_snapshot_id",
    "libraries",
    "snapshot_id",
}
LEFT_OUT_OF = {
    "landed_files": {"modified_at", "size_bytes", "tail_digest"},
    "step_log": {"started_at", "finished_at"},
    "step_times": {"seconds"},
}
SNAPSHOT_IN_JSON = re.compile(r'\\?"lake_snapshot_id\\?":\d+')
CONSOLE = re.compile(r"^\d\d:\d\d:\d\d {4}(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Month:
    """The played month: the project as it was left, the consoles of its builds, and its report."""

    project: Project
    console: tuple[str, ...]
    report: str


class Delivery:
    """The raw files of the shop, delivered build by build."""

    def __init__(self, everything: Path, raw: Path) -> None:
        """Deliver what `everything` holds into the folder `raw`."""
        self.everything, self.raw = everything, raw
        self.number, self.until = 0, datetime(1990, 1, 1)

    def deliver(self, until: str, *, hold_back: str = "false", also: str = "false") -> None:
        """Rows that were loaded up to `until` and not delivered before.

        `hold_back` is a condition on orders that are left out, `also` one on orders of former
        deliveries that come now.
        """
        self.number += 1
        instant = datetime.fromisoformat(until)
        for table in ("customers", "orders", "events"):
            rows = f"loaded_at >= '{self.until}' and loaded_at < '{instant}'"
            if table == "orders":
                rows = (
                    f"({rows} and not ({hold_back})) or (loaded_at < '{self.until}' and ({also}))"
                )
            self.write(table, f"select * from everything where {rows}")
        self.until = instant

    def write(self, table: str, query: str) -> None:
        """A file of a table with the rows of a query on `everything`."""
        folder = self.raw / table
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(
                f"create view everything as from '{self.everything / table}.parquet'"
            )
            connection.execute(
                f"copy ({query} order by all) to '{folder / f'{self.number:02}.parquet'}'"
            )


def play(folder: Path) -> Month:
    """Play the month in `folder`; takes some ten builds."""
    generate(CUSTOMERS, START, folder / "everything", progress=False)
    project = Project(PROJECT, folder / "raw", folder / "warehouse", folder / "target")
    delivery = Delivery(folder / "everything", project.raw_data)
    console = []

    def build(now: str, *, fails: bool = False, **environment: str) -> None:
        result = project.build(
            env={"PREDICTION_NOW": now, **environment}, tests="verdicts", check=False
        )
        assert (result.returncode != 0) == fails, result.stdout
        console.append(result.stdout)

    # A slot of the past, whose outcomes the next build measures.
    delivery.deliver("2026-11-22T06:30:00")
    build("2026-11-22T07:00:00", PREDICTION_AS_OF="2026-08-20")
    delivery.deliver("2026-11-23T06:30:00")
    build("2026-11-23T07:00:00")

    delivery.deliver("2026-11-24T06:30:00")
    kill_in_candidates(project, "2026-11-24T07:00:00")
    build("2026-11-24T08:00:00")

    delivery.deliver("2026-11-25T06:30:00", hold_back="loaded_at >= '2026-11-24T18:00:00'")
    unreadable = project.raw_data / "orders" / "broken.parquet"
    unreadable.write_text("no Parquet")
    build("2026-11-25T07:00:00", fails=True)
    unreadable.unlink()
    delivery.deliver("2026-11-25T11:30:00", also="loaded_at >= '2026-11-24T18:00:00'")
    build("2026-11-25T12:00:00")

    delivery.deliver("2026-11-26T04:00:00")
    delivery.number += 1
    delivery.write(
        "orders", moved_orders("(select min(customer_id) from everything)", "2026-11-26T05:00:00")
    )
    build("2026-11-26T07:00:00", fails=True)
    delivery.deliver("2026-11-27T04:00:00")
    delivery.number += 1
    delivery.write("orders", moved_orders("customer_id", "2026-11-27T05:00:00"))
    build("2026-11-27T07:00:00")

    incident = "churn-run-quarantined-20261126"
    delivery.deliver("2026-12-01T06:30:00")
    build("2026-12-01T12:00:00")

    project = replace(project, folder=copy_of_project(folder))
    change_model(project.folder)
    with (project.folder / "seeds" / "incident_reviews.csv").open("a") as reviews:
        reviews.write(f"{incident},orders moved,a check of the source,process,ana,2026-12-03,\n")
    delivery.deliver("2026-12-04T06:30:00")
    build(END, fails=True)
    assert project.query(
        "select status from lake.operations.run_states where as_of = '2026-12-04'"
        f" and model_version = '{NEW_VERSION}'"
    ) == [("published",)]
    page = folder / "report.html"
    project.command("report", "--out", str(page), env={"PREDICTION_NOW": READ_AT})
    return Month(project, tuple(console), page.read_text())


def moved_orders(customer_id: str, loaded_at: str) -> str:
    """The newest version of the orders of every other customer, for another customer."""
    return (
        f"select * replace ({customer_id} as customer_id, timestamp '{loaded_at}' as loaded_at)"
        " from everything where loaded_at < '2026-11-26T04:00:00'"
        " and md5_number_lower(customer_id) % 2 = 0"
        " qualify row_number() over (partition by order_id order by loaded_at desc) = 1"
    )


def change_model(folder: Path) -> None:
    """The model of churn under a new version, pinned, and the former version as its challenger."""
    _, card, model = demo_artifact("churn")
    Registry(folder).add(model, replace(card, model_version=NEW_VERSION), REGISTERED)
    with (folder / "seeds" / "model_pins.csv").open("a") as pins:
        pins.write(f"churn,{NEW_VERSION},2026-12-03 00:00:00,ana,a new version\n")
    with (folder / "seeds" / "challenger_pins.csv").open("a") as pins:
        pins.write("churn,1.0.9,2026-12-03 00:00:00,,ana,a comparison\n")


def kill_in_candidates(project: Project, now: str) -> None:
    """SIGKILL as the first product is scored: everything is landed, nothing is published."""
    build = project.start("build", env={"PREDICTION_NOW": now})
    log = project.target / "started.log"
    deadline = time.monotonic() + 120
    while "START python table model products.candidates_" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        assert build.poll() is None, log.read_text()
        time.sleep(0.005)
    build.kill()
    build.wait()


def tables(month: Month, decimals: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """Name and sorted rows of every table and view of the lake, of the consoles and the report.

    A row is the JSON text of its columns. With `decimals`, doubles are rounded to so many.
    """
    names = month.project.query(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_catalog = 'lake' order by all"
    )
    for (name,) in names:
        left_out = LEFT_OUT | LEFT_OUT_OF.get(name.partition(".")[2], set())
        columns = month.project.query(
            "select column_name, data_type from information_schema.columns"
            f" where table_catalog = 'lake' and table_schema || '.' || table_name = '{name}'"
            " order by ordinal_position"
        )
        selected = ", ".join(
            f'round("{column}", {decimals}) + 0 as "{column}"'
            if data_type == "DOUBLE" and decimals is not None
            else f'"{column}"'
            for column, data_type in columns
            if column not in left_out
        )
        rows = month.project.query(
            "select cast(to_json(rows) as text)"
            f" from (select {selected} from lake.{name}) as rows order by 1",
            at=READ_AT.replace("T", " "),
        )
        yield name, [normalised(row, month) for (row,) in rows]
    yield (
        "console",
        [normalised(line, month) for text in month.console for line in hook_lines(text)],
    )
    yield "report", [normalised(line, month) for line in report_lines(month)]


def normalised(text: str, month: Month) -> str:
    """The text without the folder of the test and without ids of DuckLake snapshots."""
    return SNAPSHOT_IN_JSON.sub("", text.replace(str(month.project.warehouse.parent), "FOLDER"))


def hook_lines(console: str) -> Iterator[str]:
    """What hooks told, without the seconds of the last table."""
    for line in CONSOLE.findall(console):
        cells = line.split()
        if len(cells) > 5 and re.fullmatch(r"\d+\.\d", cells[4]):
            cells[4] = "seconds"
        yield " ".join(cells)


def report_lines(month: Month) -> Iterator[str]:
    """The text of the report's sections, but the times that steps took."""
    page = Page(month.report)
    for section in page.root.all("section"):
        if section.attributes["id"] != "run-times":
            yield from (element.text() for element in section.all() if not element.children)


def digests(month: Month) -> list[tuple[str, int, str]]:
    """Name, number of rows and digest of everything that is compared."""
    return [
        (name, len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16])
        for name, rows in tables(month, DECIMALS)
    ]


def write_dump(month: Month, out: Path) -> None:
    """A file per table, a line per row."""
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in tables(month):
        (out / f"{name}.jsonl").write_text("".join(f"{row}\n" for row in rows))


def accept(month: Month) -> None:
    """Write `scripted_month.csv` anew."""
    with DIGESTS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("table", "rows", "sha256"))
        writer.writerows(digests(month))


def accepted() -> list[tuple[str, int, str]]:
    """What `scripted_month.csv` holds."""
    with DIGESTS.open(newline="") as file:
        return [(row["table"], int(row["rows"]), row["sha256"]) for row in csv.DictReader(file)]


def main(arguments: list[str]) -> None:
    """`FOLDER` writes the dump; `--accept` before it, the digests too."""
    scratch = Path(tempfile.mkdtemp(prefix="scripted_month-"))
    try:
        month = play(scratch)
        if "--accept" in arguments:
            accept(month)
        write_dump(month, Path(arguments[-1]))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
