"""Snapshots carried forward equal full ones, whatever happens to the raw rows."""

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.project import Project

START = datetime(2027, 12, 1)  # a leap day lies ahead
CUSTOMERS = tuple("ABCDE")
LAG = timedelta(hours=6)
MODELS = (
    "customers_as_of", "changed_customers", "customers_to_compute", "orders_as_of",
    "events_as_of", "order_features", "event_features",
)  # fmt: skip
# The columns of the plan that the SQL has as literals.
PLAN = ("as_of", "data_cutoff", "base_as_of", "base_cutoff", "base_landing")
VERIFIED = "<= 1000"  # the var customers_verified: of so few customers nobody would be carried


# Days before the first as-of on which windows have edges, and days about them.
EDGES = (0, 30, 60, 90, 180, 360, 365)
MINUTES = st.one_of(
    st.integers(-400 * 1440, 60 * 1440),
    st.builds(
        lambda edge, day, minute: (day - edge) * 1440 + minute,
        st.sampled_from(EDGES), st.integers(-2, 12), st.sampled_from((-1, 0, 1, 720)),
    ),
)  # fmt: skip
DELAYS = st.sampled_from((0, 5, 300, 361, 1440, 20_000, 90_000))  # minutes from event to load
# The step of the chain at which a file brings the row, beyond the first that could.
LATE = st.sampled_from((0, 0, 0, 0, 1, 3))
VERSION = st.tuples(st.sampled_from(CUSTOMERS), MINUTES, DELAYS, LATE, st.integers(-500, 900))
ROWS = st.lists(st.lists(VERSION, min_size=1, max_size=3), max_size=14)
GAPS = st.lists(
    st.one_of(st.sampled_from((1, 60, 1440, 1440, 10_080, 43_200)), st.integers(1, 50_000)),
    min_size=9,
    max_size=9,
)


@pytest.fixture(scope="module")
def compiled(built: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SQL of the feature models as a build that carries a snapshot forward compiles it."""
    target = tmp_path_factory.mktemp("compiled")
    warehouse = target / "warehouse"
    shutil.copytree(built.warehouse, warehouse)
    project = Project(built.folder, built.raw_data, warehouse, target)
    [[newest]] = built.query("select max(as_of) from lake.operations.snapshot_manifest")
    next_day = str(newest + timedelta(days=1))
    project.dbt("run", "--select", "snapshot_plan", env={"SNAPSHOT_AS_OF": next_day})
    project.dbt("compile", "--select", "path:models/features")
    folder = target / "compiled" / "customer_predictions" / "models" / "features"
    found = {file.stem: file.read_text() for file in folder.glob("*.sql")}
    assert found["customers_to_compute"].count(VERIFIED) == 1
    found["customers_to_compute"] = found["customers_to_compute"].replace(VERIFIED, "<= 1")
    assert "feature_snapshots" in re.sub(r"--.*", "", found["feature_snapshots"]), "carries nothing"
    with duckdb.connect(str(warehouse / "warehouse.duckdb"), read_only=True) as connection:
        plan = connection.query(f"select {', '.join(PLAN)} from schedule.snapshot_plan").fetchall()
    [(*instants, landing)] = plan
    for name, instant in zip(PLAN, instants, strict=False):
        placeholders = {f"cast('{instant}' as timestamp)": f"<{name}>"}
        found = {model: replaced(sql, placeholders) for model, sql in found.items()}
    landed = {f"landed_in > {landing}": "landed_in > <base_landing>"}
    found = {model: replaced(sql, landed) for model, sql in found.items()}
    assert all(f"<{name}>" in found["changed_customers"] for name in PLAN)
    return found


def replaced(text: str, values: dict[str, str]) -> str:
    """The text with each key replaced by its value."""
    for key, value in values.items():
        text = text.replace(key, value)
    return text


ORDER_COLUMNS = """
    order_id text, customer_id text, ordered_at timestamp, amount decimal(18, 2),
    quantity integer, product_count integer
"""


class Shop:
    """Raw rows, plans and snapshots in memory, under the names that the compiled SQL has."""

    def __init__(self, built: Project, compiled: dict[str, str]) -> None:
        """Use the columns of a built project's snapshots, and the compiled SQL by model."""
        self.sql = compiled
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'; set threads = 1")
        for database in ("warehouse", "lake"):
            self.connection.execute(f"attach ':memory:' as {database}")
        for schema in ("warehouse.schedule", "warehouse.features", "lake.raw", "lake.features"):
            self.connection.execute(f"create schema {schema}")
        for name, columns in (
            ("customers", "customer_id text, signed_up_at timestamp, country text"),
            ("orders", ORDER_COLUMNS),
            ("events", "event_id text, customer_id text, event_type text, occurred_at timestamp"),
        ):  # fmt: skip
            self.connection.execute(
                f"create table lake.raw.{name} ({columns}, loaded_at timestamp, landed_in bigint)"
            )
        for name, key in (("orders", "order_id"), ("events", "event_id")):
            self.connection.execute(
                f"create view lake.features.{name.removesuffix('s')}_versions as"
                f" from lake.raw.{name} qualify count(*) over (partition by {key}) > 1"
            )
        described = built.query("describe lake.features.feature_snapshots")
        columns = ", ".join(f"{name} {kind}" for name, kind, *_ in described)
        self.connection.execute(f"create table lake.features.feature_snapshots ({columns})")
        self.connection.execute(
            "create table warehouse.schedule.snapshot_plan (as_of timestamp, data_cutoff timestamp,"
            " feature_version text, base_as_of timestamp, base_cutoff timestamp,"
            " base_landing bigint)"
        )
        self.make_models(START, (None, None, None))

    def make_models(self, as_of: datetime, base: tuple[datetime | None, Any, Any]) -> str:
        """Make the feature models for a plan; the SQL of feature_snapshots."""
        literals = dict(zip(PLAN, (as_of, as_of + LAG, *base), strict=True))
        values = {
            f"<{name}>": "cast(null as timestamp)" if value is None else f"timestamp '{value}'"
            for name, value in literals.items()
        } | {"<base_landing>": str(literals["base_landing"] or 0)}
        sql = {model: replaced(text, values) for model, text in self.sql.items()}
        for model in MODELS:
            kind = "table" if model == "customers_to_compute" else "view"
            relation = f"warehouse.features.{model}"
            self.connection.execute(f"create or replace {kind} {relation} as {sql[model]}")
        return sql["feature_snapshots"]

    def land(self, table: str, row: tuple[Any, ...]) -> None:
        """Append a raw row, whose last value is the number of the landing."""
        marks = ", ".join("?" for _ in row)
        self.connection.execute(f"insert into lake.raw.{table} values ({marks})", row)

    def snapshot(self, as_of: datetime, base: tuple[datetime, int] | None) -> list[tuple[Any, ...]]:
        """The features as of an instant, from a base (its as-of and newest landing) or in full."""
        version = re.findall(r"feature_version = '([^']+)'", self.sql["feature_snapshots"])[0]
        former = (base[0], base[0] + LAG, base[1]) if base else (None, None, None)
        self.connection.execute("delete from warehouse.schedule.snapshot_plan")
        self.connection.execute(
            "insert into warehouse.schedule.snapshot_plan values (?, ?, ?, ?, ?, ?)",
            [as_of, as_of + LAG, version, *former],
        )
        sql = self.make_models(as_of, former)
        columns = ", ".join(self.columns())
        return self.connection.execute(
            f"select {columns} from ({sql}) order by customer_id"
        ).fetchall()

    def columns(self) -> list[str]:
        """The columns of the snapshots, in order."""
        described = self.connection.execute("describe lake.features.feature_snapshots").fetchall()
        return [name for name, *_ in described]

    def keep(self, rows: list[tuple[Any, ...]]) -> None:
        """Append a snapshot, from which later ones may be carried forward."""
        marks = ", ".join("?" for _ in self.columns())
        if rows:
            self.connection.executemany(
                f"insert into lake.features.feature_snapshots values ({marks})", rows
            )

    def computed(self) -> int:
        """How many customers the present plan computes."""
        [(count,)] = self.connection.execute(
            "select count(*) from warehouse.features.customers_to_compute"
        ).fetchall()
        return int(count)


def versions(rows: list[Any], as_ofs: list[datetime]) -> Iterator[tuple[int, str, Any]]:
    """Step of arrival, key and version of each row."""
    for number, row in enumerate(rows):
        for customer, minute, delay, late, value in row:
            happened = START + timedelta(minutes=minute)
            loaded = happened + timedelta(minutes=delay)
            first = next(
                (step for step, as_of in enumerate(as_ofs) if loaded < as_of + LAG), len(as_ofs)
            )
            yield first + late, f"K{number}", (customer, happened, loaded, value)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(orders=ROWS, events=ROWS, moved=st.lists(VERSION, max_size=4), gaps=GAPS)
def test_a_chain_of_ten_snapshots_equals_ten_full_ones(
    built: Project,
    compiled: dict[str, str],
    orders: list[Any],
    events: list[Any],
    moved: list[Any],
    gaps: list[int],
) -> None:
    """Late loads, corrections that move time, value and customer, gaps, edges, a leap day."""
    shop = Shop(built, compiled)
    as_ofs = [START]
    for gap in gaps:
        as_ofs.append(as_ofs[-1] + timedelta(minutes=gap))
    arrivals: list[tuple[int, str, tuple[Any, ...]]] = [
        (0, "customers", (customer, START - timedelta(days=500), "FR", START - timedelta(days=500)))
        for customer in CUSTOMERS[:-1]
    ]
    for step, _, (customer, happened, loaded, _) in versions([[each] for each in moved], as_ofs):
        arrivals.append((step, "customers", (customer, happened, "DE", loaded)))
    for step, key, (customer, happened, loaded, value) in versions(orders, as_ofs):
        row = (key, customer, happened, value, abs(value) % 5, abs(value) % 3, loaded)
        arrivals.append((step, "orders", row))
    for step, key, (customer, happened, loaded, value) in versions(events, as_ofs):
        arrivals.append((step, "events", (key, customer, f"type {value % 3}", happened, loaded)))

    base = None
    for step, as_of in enumerate(as_ofs):
        for arrival, table, row in arrivals:
            if arrival == step:
                shop.land(table, (*row, step + 1))
        full = shop.snapshot(as_of, None)
        carried = shop.snapshot(as_of, base)
        assert carried == full, f"as of {as_of}, from {base}"
        shop.keep(carried)
        base = (as_of, step + 1)


def test_unchanged_customers_are_not_recomputed(built: Project, compiled: dict[str, str]) -> None:
    """The property above would hold as well if every customer were always computed."""
    shop = Shop(built, compiled)
    for customer in CUSTOMERS:
        before = START - timedelta(days=500)
        shop.land("customers", (customer, before, "FR", before, 1))
        shop.land("orders", (f"O{customer}", customer, before, 10, 1, 1, before, 1))
    shop.keep(shop.snapshot(START, None))
    assert shop.computed() == len(CUSTOMERS)
    after = START + timedelta(hours=1)
    shop.land("orders", ("O1", "C", after, 10, 1, 1, after, 2))
    [*others, _] = shop.snapshot(START + timedelta(days=1), (START, 1))
    assert len(others) == len(CUSTOMERS) - 1
    assert shop.computed() == 2  # the customer who ordered, and one by chance
