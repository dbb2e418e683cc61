"""A year of mornings: late and corrected rows, two model changes, a bad week, an erasure, a schema.

    python -m tests.resilience.endurance --days 365 --customers 2000

A shop delivers a file per table and day, of which some rows come days later or are corrected later,
and the scheduled build runs every morning. Afterwards a sample of predictions is replayed, and the
last weeks are compared with the first ones: files, catalogue, builds and reads. Every state of the
lake is made a day older each morning, so that the builds maintain it as they would.
"""

import csv
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import click
import duckdb

from python_scoring.models.registry import Registry
from python_scoring.raw.demo_data import generate
from python_scoring.warehouse import Warehouse, connect_lake
from tests.resilience.trials import HEADING, TRACEBACK, Result, first_error
from tests.support import costs
from tests.support.artifacts import demo_artifact
from tests.support.extensions import trust_installed_extensions
from tests.support.lake import age
from tests.support.project import PRODUCTS, Project, copy_of_project

FIRST = datetime(2026, 1, 6)
# A morning's files hold what was loaded up to the build: a row that comes later, and says it was
# loaded before the cutoff, would rightly make the snapshot's input differ from a replay's.
MORNING = timedelta(hours=7)
REPLAYED = 200
READS = 5
LARGEST_RATIO = 1.3  # of the last weeks to the weeks after the first: flat, but for the machine
LATE_DAYS, CORRECTED_DAYS = 3, 10
# Shares of the days: when each thing happens.
FIRST_MODEL_CHANGE, BAD_WEEK, ERASURE, SECOND_MODEL_CHANGE, SCHEMA_CHANGE = 0.3, 0.45, 0.6, 0.7, 0.8
BAD_SHARE = 0.1  # of the days, at most
OUTPUT_SCHEMAS = ("1.0", "1.1")
READ = "select count(*), sum(score), max(reason_codes) from lake.marts.churn_predictions_v1"
COLUMNS = "order_id, customer_id, ordered_at, amount, quantity, product_count"
# Rows of a day's orders: those that are on time, those that came late, and those that were
# corrected by a second version.
ORDERS = """
select {columns}, loaded_at from orders
where {key} % 50 <> 1 and loaded_at >= $day and loaded_at < $day + interval 1 day
union all
select {columns}, loaded_at + interval {late} day from orders
where {key} % 50 = 1
    and loaded_at >= $day - interval {late} day
    and loaded_at < $day - interval {late} day + interval 1 day
union all
select {columns_corrected}, loaded_at + interval {corrected} day from orders
where {key} % 100 = 2 and loaded_at >= $day - interval {corrected} day
    and loaded_at < $day - interval {corrected} day + interval 1 day
"""
KEY = "md5_number_lower(coalesce(order_id, ''))"


@dataclass
class Figures:
    """What was measured, by day."""

    # In processor seconds, which another load of the machine changes little.
    builds: dict[int, float] = field(default_factory=dict)  # of mornings with churn alone
    reads: dict[int, float] = field(default_factory=dict)
    files: dict[int, int] = field(default_factory=dict)
    catalogue: dict[int, float] = field(default_factory=dict)  # MB
    lake: dict[int, float] = field(default_factory=dict)  # MB
    failed: dict[int, str] = field(default_factory=dict)


class Year:
    """A shop, its warehouse, and what happens to them."""

    def __init__(self, folder: Path, customers: int, days: int) -> None:
        """Make the shop's data and a project whose pins change twice."""
        self.days = days
        self.folder = folder
        generate(customers, FIRST + timedelta(days=days), folder / "all")
        self.project = Project(
            copy_of_project(folder), folder / "raw", folder / "warehouse", folder / "target"
        )
        self._pin()
        self.shop = duckdb.connect()
        self.shop.execute(
            f"create view orders as from read_parquet('{folder / 'all' / 'orders.parquet'}')"
        )
        self._deliver_before()
        self.figures = Figures()
        self.erased = ""

    def day(self, share: float) -> int:
        """The number of the day by which a share of the year has passed."""
        return round(share * self.days)

    def _pin(self) -> None:
        """Two changes of churn's model: to the same under another version, and back."""
        pinned, card, model = demo_artifact("churn")
        other = replace(card, model_version="1.0.9")
        Registry(self.project.folder).add(model, other, FIRST)
        path = self.project.folder / "seeds" / "model_pins.csv"
        with path.open(newline="") as lines:
            rows = list(csv.reader(lines))
        changes = (
            (FIRST_MODEL_CHANGE, other.model_version), (SECOND_MODEL_CHANGE, pinned.model_version)
        )  # fmt: skip
        for share, version in changes:
            since = FIRST + timedelta(days=self.day(share))
            rows.append(["churn", version, str(since), "endurance", "another model"])
        with path.open("w", newline="") as lines:
            csv.writer(lines).writerows(rows)

    def _deliver_before(self) -> None:
        for table in ("customers", "orders", "events"):
            (self.project.raw_data / table).mkdir(parents=True)
            self.shop.execute(
                f"copy (from read_parquet('{self.folder / 'all' / table}.parquet')"
                f" where loaded_at < timestamp '{FIRST + MORNING}')"
                f" to '{self.project.raw_data / table / 'before.parquet'}'"
            )

    def deliver(self, number: int, *, is_whole: bool = False) -> None:
        """Files of the day before a morning; in the bad week the feed of orders is broken."""
        day = FIRST + MORNING + timedelta(days=number - 1)
        raw = self.project.raw_data
        for table in ("customers", "events"):
            self.shop.execute(
                f"copy (from read_parquet('{self.folder / 'all' / table}.parquet') where loaded_at"
                f" >= timestamp '{day}' and loaded_at < timestamp '{day + timedelta(days=1)}')"
                f" to '{raw / table / f'{day:%Y-%m-%d}.parquet'}'"
            )
        rows = ORDERS.format(
            columns=COLUMNS, columns_corrected=COLUMNS.replace("amount", "amount + 1 as amount"),
            key=KEY, late=LATE_DAYS, corrected=CORRECTED_DAYS,
        ).replace("$day", f"timestamp '{day}'")  # fmt: skip
        file = raw / "orders" / f"{day:%Y-%m-%d}.parquet"
        self.shop.execute(f"copy ({rows}) to '{file}'")
        if self.is_bad(number) and not is_whole:
            file.write_bytes(file.read_bytes()[:-100])  # cut off in the transfer

    @property
    def bad_days(self) -> int:
        """Length of the bad week: shorter in a short year, so that it ends before the erasure.

        An erasure is refused while a raw file cannot be read, which may hold the person.
        """
        return min(7, round(self.days * BAD_SHARE))

    def is_bad(self, number: int) -> bool:
        """Whether a day is of the bad week."""
        return 0 <= number - self.day(BAD_WEEK) < self.bad_days

    def mend(self) -> None:
        """After the bad week the shop sends its files again."""
        week = range(self.day(BAD_WEEK), self.day(BAD_WEEK) + self.bad_days)
        for number in week:
            file = FIRST + timedelta(days=number - 1)
            (self.project.raw_data / "orders" / f"{file:%Y-%m-%d}.parquet").unlink()
        for number in week:
            self.deliver(number, is_whole=True)

    def environment(self, number: int) -> dict[str, str]:
        """Of a morning's build, whose processor time is recorded."""
        return {
            "PREDICTION_NOW": f"{FIRST + timedelta(days=number):%Y-%m-%d}T07:00:00",
            costs.FILE: str(self.folder / "costs"),
        }

    def change_schema(self) -> None:
        """The contract of churn gets the next minor output schema version."""
        path = self.project.folder / "models" / "products" / "churn" / "_churn__models.yml"
        before, after = (f'output_schema_version: "{version}"' for version in OUTPUT_SCHEMAS)
        text = path.read_text()
        assert text.count(before) == 1, f"{path}: expected one {before}"
        path.write_text(text.replace(before, after))

    def morning(self, number: int) -> None:
        """The files, the build, and what was measured of it."""
        self.deliver(number)
        if number == self.day(SCHEMA_CHANGE):
            self.change_schema()
        if number == self.day(BAD_WEEK) + self.bad_days:
            self.mend()
        if number > 1:
            age(Warehouse(self.project.warehouse), 1)
        build = self.project.build(env=self.environment(number), check=False)
        last = (self.folder / "costs").read_text().splitlines()[-1]
        seconds = float(last.split("\t")[1])
        if TRACEBACK in build.stdout or (build.returncode and not self.is_bad(number)):
            self.figures.failed[number] = first_error(build.stdout)
        if self.is_bad(number) and not build.returncode:
            self.figures.failed[number] = "a broken file was not noticed"
        if number == self.day(ERASURE):
            self.erase(number)
        self.measure(number, seconds)

    def erase(self, number: int) -> None:
        """A customer asks for it."""
        [(self.erased,)] = self.project.query(
            "select min(customer_id) from lake.marts.clv_predictions_v1"
        )
        self.project.command(
            "erase", self.erased, "--by", "ana", "--reason", "a request",
            env=self.environment(number),
        )  # fmt: skip

    def measure(self, number: int, seconds: float) -> None:
        """Sizes, and the time of a read; of the build where churn alone was due."""
        day = FIRST + timedelta(days=number)
        warehouse = Warehouse(self.project.warehouse)
        files = [path for path in warehouse.data_folder.rglob("*.parquet") if path.is_file()]
        figures = self.figures
        figures.files[number] = len(files)
        figures.lake[number] = sum(path.stat().st_size for path in files) / 1e6
        figures.catalogue[number] = warehouse.catalog.stat().st_size / 1e6
        if day.weekday() != 0 and day.day != 1 and not self.is_bad(number):
            figures.builds[number] = seconds
            figures.reads[number] = min(_reading(warehouse) for _ in range(READS))


def _reading(warehouse: Warehouse) -> float:
    with connect_lake(warehouse) as lake:
        started = time.process_time()
        lake.execute(READ).fetchall()
        return time.process_time() - started


def endure(
    folder: Path, customers: int, days: int, echo: Callable[[str], None] = lambda _: None
) -> tuple[list[Result], Figures]:
    """Every morning; then what must hold, a row each."""
    year = Year(folder, customers, days)
    for number in range(1, days + 1):
        year.morning(number)
        figures = year.figures
        echo(
            f"day {number}: {figures.files[number]} files, {figures.lake[number]:.1f} MB, catalogue"
            f" {figures.catalogue[number]:.2f} MB, build {figures.builds.get(number, 0):.1f} CPU s,"
            f" read {figures.reads.get(number, 0):.3f} CPU s {figures.failed.get(number, '')}"
        )
    return [
        _mornings(year),
        _everything_published(year),
        _replayed(year),
        _erased(year),
        _growth("files", year.figures.files),
        _growth("MB of files", year.figures.lake),
        _growth("MB of catalogue", year.figures.catalogue),
        _flat("processor seconds of a read", year.figures.reads),
        _flat("processor seconds of a build", year.figures.builds),
        _intact(year),
    ], year.figures


def _mornings(year: Year) -> Result:
    failed = year.figures.failed
    result = Result("endurance: mornings", year.days, year.days - len(failed))
    result.message = "; ".join(f"day {day}: {what}" for day, what in failed.items())
    return result


def _everything_published(year: Year) -> Result:
    """A run for each day of churn, the bad week made up for; each prediction once."""
    result = Result("endurance: every slot of churn published, once")
    rows = year.project.query(
        "select as_of, count(distinct run_id), count(*) = count(distinct (run_id, customer_id))"
        " from lake.predictions.predictions_churn group by as_of order by as_of"
    )
    result.tried = year.days
    result.survived = sum(runs == 1 and is_once for _, runs, is_once in rows)
    # A slot of the bad week is missed; the next build computes what is due then.
    missed = year.days - len(rows)
    [(models, schemas)] = year.project.query(
        "select count(distinct model_version), count(distinct output_schema_version)"
        " from lake.predictions.predictions_churn"
    )
    result.message = f"{missed} missed in the bad week; {models} models, {schemas} schema versions"
    if missed <= year.bad_days and models == 2 and schemas == len(OUTPUT_SCHEMAS):
        result.survived += missed
    return result


def _replayed(year: Year) -> Result:
    result = Result(f"endurance: replay of {REPLAYED} predictions", REPLAYED)
    replay = year.project.command(
        "replay", "--sample", str(REPLAYED), env=year.environment(year.days), check=False
    )
    lines = replay.stdout.strip().splitlines()
    result.message = lines[-1]
    differs = [line for line in lines if line.startswith("differs")]
    result.wrong = len(differs)
    result.survived = REPLAYED if replay.returncode == 0 else 0
    if differs:
        result.message = differs[0]
    return result


def _erased(year: Year) -> Result:
    result = Result("endurance: the erased customer is nowhere", len(PRODUCTS))
    for product in PRODUCTS:
        [(count,)] = year.project.query(
            f"select count(*) from lake.predictions.predictions_{product}"
            f" where customer_id = '{year.erased}'"
        )
        result.survived += count == 0 and bool(year.erased)
    return result


def _between(values: dict[int, float], since: float, until: float) -> float:
    """Median over a part of the days, from share to share."""
    days = sorted(values)
    part = days[int(since * len(days)) : max(int(until * len(days)), int(since * len(days)) + 1)]
    return statistics.median(values[day] for day in part)


def _growth(what: str, values: dict[int, float] | dict[int, int]) -> Result:
    """Linear at most: the second half adds no more than the first, but for the machine."""
    result = Result(f"endurance: growth of {what}", 1)
    floats = {day: float(value) for day, value in values.items()}
    early, middle, late = (_between(floats, at, at + 0.1) for at in (0.1, 0.5, 0.9))
    result.survived = int(late - middle <= max(0.0, middle - early) * LARGEST_RATIO + 1)
    result.message = f"{early:,.1f} after a tenth, {middle:,.1f} in the middle, {late:,.1f} at last"
    return result


def _flat(what: str, values: dict[int, float]) -> Result:
    result = Result(f"endurance: {what}", 1)
    early, late = _between(values, 0.1, 0.25), _between(values, 0.85, 1.0)
    result.survived = int(late <= early * LARGEST_RATIO)
    result.message = f"{early:.3f} at first, {late:.3f} at last"
    return result


def _intact(year: Year) -> Result:
    result = Result("endurance: doctor", 1)
    doctor = year.project.command("doctor", check=False)
    result.survived = int(doctor.returncode == 0)
    result.message = next((line for line in doctor.stdout.splitlines() if "DAMAGE" in line), "")
    return result


@click.command()
@click.option("--customers", type=int, default=2_000, show_default=True)
@click.option("--days", type=click.IntRange(min=20), default=365, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything there.")
def main(customers: int, days: int, folder: Path | None) -> None:
    """Live through the days, and print the table; exit code 1 where something does not hold."""
    trust_installed_extensions()
    with tempfile.TemporaryDirectory(prefix="endurance-", ignore_cleanup_errors=True) as scratch:
        place = folder or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        results, _ = endure(place, customers, days, click.echo)
    click.echo(f"\n{days} days, {customers:,} customers\n\n{HEADING}")
    for result in results:
        click.echo(result.row())
    if not all(result.is_good for result in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
