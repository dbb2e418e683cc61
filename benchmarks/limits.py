"""How often limits and trends warn without reason, and which drift they find, by size.

Runs of so many customers are drawn from the training distributions of a model's card, so nothing
has changed, and judged by the SQL of the guardrails. `distances`: share of runs with a finding, by
the limits alone and beyond chance. `trends`: 30 daily batches in which 3% of the customers change
from day to day, without any drift and with one, in the mean score.

    python -m benchmarks.limits --runs 500
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import duckdb
import jinja2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import yaml

from python_scoring.models.artifacts import load_card
from python_scoring.models.registry import Registry
from python_scoring.project import PROJECT
from python_scoring.scoring import duckdb_functions
from python_scoring.uncertainty.chance import Sample

Numbers = npt.NDArray[np.float64]
Rows = list[dict[str, Any]]

SIZES = (100, 1_000, 10_000)
BATCHES = 30
TURNOVER = 0.03
MOST_FALSE = 0.05
SCORE_MEASURES = ("psi", "jensen_shannon", "kolmogorov_smirnov", "mean_shift", "quantile_shift")


def variables() -> dict[str, Any]:
    """The vars of dbt_project.yml."""
    found: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    return found


def query(name: str) -> str:
    """A query of models/guardrails/ over tables that are called as the queries that it reads."""
    settings = variables()["default_check_settings"]
    known = {
        "product_ref": lambda table: table,
        "contract_of": lambda product: {"product": product},
        "product_at_hand": lambda: "simulated",
        "check_setting": lambda _, setting: settings[setting]["value"],
        "percent": lambda share: f"cast(100 * {share} as text)",
    }
    text = (PROJECT / "models" / "guardrails" / f"{name}.sql").read_text()
    return jinja2.Environment(autoescape=False).from_string(text).render(known)  # noqa: S701 - SQL


class Training:
    """The distributions of a card: scores by hundredths, features by tenths, labels."""

    def __init__(self, card: Any) -> None:
        """`card` has reference distributions."""
        self.customers = int(card.training_data["rows"])
        score = card.reference["score"]
        self.score_edges = [*score["fine"]["edges"], None]
        self.score_shares = np.array(score["fine"]["shares"])
        self.score_tenths = [
            len(score["edges"]) if edge is None else int(np.searchsorted(score["edges"], edge))
            for edge in self.score_edges
        ]
        self.features = {
            name: known for name, known in card.reference["features"].items() if "edges" in known
        }
        self.labels: dict[str, float] = card.reference["label"]["categories"]


def drawn(generator: np.random.Generator, size: int, shares: npt.ArrayLike) -> list[float]:
    """Shares of a sample of so many customers."""
    chances = np.asarray(shares, dtype=np.float64)
    return list(generator.multinomial(size, chances / chances.sum()) / size)


def samples_of(
    training: Training, size: int, generator: np.random.Generator
) -> Iterator[tuple[str, str, str, Sample]]:
    """Check, scope, measure and sample of every comparison of a run in which nothing changed."""
    now, former = (drawn(generator, size, training.score_shares) for _ in range(2))
    for scope, base, base_size in (
        ("training reference", list(training.score_shares), training.customers),
        ("former batch", former, size),
    ):
        for measure in SCORE_MEASURES:
            yield (
                f"score_{measure}", scope, measure,
                Sample(size, base_size, now, base, training.score_tenths, training.score_edges),
            )  # fmt: skip
    for name, known in training.features.items():
        present = max(int(size * (1 - known["missing"])), 1)
        shares, edges = known["shares"], [*known["edges"], None]
        found, tenths = drawn(generator, present, shares), list(range(len(shares)))
        yield (
            "feature_psi", name, "psi",
            Sample(present, training.customers, found, shares, tenths, edges),
        )  # fmt: skip
        missing = [known["missing"], 1 - known["missing"]]
        nulls = two(size, training, generator, missing)
        filled = replace(nulls, shares=nulls.shares[::-1], base_shares=nulls.base_shares[::-1])
        yield "feature_nulls", name, "rise", nulls
        yield "feature_filled", name, "rise", filled
        if known["edges"] and known["edges"][0] <= 0:
            zeros = [shares[0], 1 - shares[0]]
            yield "feature_zeros", name, "rise", two(present, training, generator, zeros)
    labels = drawn(generator, size, list(training.labels.values()))
    before = drawn(generator, size, list(training.labels.values()))
    for label, share, base_share in zip(training.labels, labels, before, strict=True):
        yield (
            "label_share", label, "share",
            Sample(
                size, size, [share, 1 - share], [base_share, 1 - base_share], [0, 1], [None, None]
            ),
        )  # fmt: skip


def two(
    size: int, training: Training, generator: np.random.Generator, shares: list[float]
) -> Sample:
    """A share of customers, next to that of the training."""
    found = drawn(generator, size, shares)
    return Sample(size, training.customers, found, shares, [0, 1], [None, None])


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Append rows, which are one Arrow table: DuckDB takes single ones slowly."""
    names = [name for (name, *_) in connection.execute(f"describe {table}").fetchall()]
    columns = zip(*rows, strict=True)
    arrow = pa.table(dict(zip(names, map(pa.array, columns), strict=True)))  # noqa: F841 - read by its name
    connection.execute(f"insert into {table} from arrow")


def distances(training: Training, size: int, runs: int, seed: int) -> tuple[float, float, float]:
    """Share of runs with a finding by the limits alone, beyond chance, and of those that block."""
    limits = variables()["default_checks"]
    generator = np.random.default_rng([seed, size])
    findings: list[tuple[Any, ...]] = []
    samples: list[tuple[Any, ...]] = []
    for run in range(runs):
        for check, scope, measure, sample in samples_of(training, size, generator):
            value = sample.measured(measure)
            warn, block = limits[check].get("warn_above"), limits[check].get("block_above")
            beyond = [limit is not None and value > limit for limit in (warn, block)]
            findings.append((str(run), check, scope, value, None, *beyond, "", warn, block, False))
            samples.append((
                str(run), check, scope, measure, sample.customers, sample.base_customers,
                sample.shares, sample.base_shares, sample.tenths, sample.edges,
            ))  # fmt: skip
    with duckdb.connect() as connection:
        duckdb_functions.register(connection)
        kept = {(row[0], row[1], row[2]) for row in findings if row[5] or row[6]}
        connection.execute(
            "create table limited_findings (run_id text, check_name text, scope text, value double,"
            " not_evaluated text, warns boolean, blocks boolean, message text, warn_limit double,"
            " block_limit double, has_no_limit boolean)"
        )
        connection.execute(
            "create table samples (run_id text, check_name text, scope text, measure text,"
            " customers bigint, base_customers bigint, bin_shares double[],"
            " base_bin_shares double[], tenths integer[], upper_edges double[])"
        )
        insert(connection, "limited_findings", findings)
        empty: tuple[Any, ...] = ([], [], [], [])
        insert(
            connection,
            "samples",
            [row if row[:3] in kept else (*row[:6], *empty) for row in samples],
        )
        connection.execute(f"create view chances as {query('chances')}")
        alone, found, blocked = connection.execute(f"""
            with judged as ({query("significant_findings")})
            select
                (select count(distinct run_id) from limited_findings where warns or blocks),
                count(distinct run_id) filter (where warns or blocks),
                count(distinct run_id) filter (where blocks)
            from judged
        """).fetchone() or (0, 0, 0)  # noqa: S608
    return alone / runs, found / runs, blocked / runs


def levels_of(
    training: Training, size: int, generator: np.random.Generator, drift: float
) -> Iterator[tuple[str, str, int, float, float, float]]:
    """Check, scope, batch, level, spread and drift to be found, of a history of batches.

    `drift` is what the mean score gains from the first batch to the last.
    """
    settings = variables()["default_check_settings"]
    edges = np.array([edge for edge in training.score_edges if edge is not None])
    values = np.append(edges, edges[-1])
    chances = training.score_shares / training.score_shares.sum()

    def scores(count: int) -> Numbers:
        return values[generator.choice(len(values), count, p=chances)]

    def places(count: int) -> Numbers:
        return generator.uniform(size=(count, len(training.features)))

    of_score, of_feature = scores(size), places(size)
    limits = np.cumsum(list(training.labels.values()))[:-1]
    for batch in range(BATCHES):
        changed = generator.uniform(size=size) < TURNOVER
        of_score[changed], of_feature[changed] = scores(changed.sum()), places(changed.sum())
        now = of_score + drift * batch / (BATCHES - 1)
        middle = float(np.subtract(*np.quantile(now, [0.9, 0.1])))
        yield (
            "score_trend", "mean score", batch, float(now.mean()), middle / 2.563,
            settings["trend_of_scores"]["value"] * middle,
        )  # fmt: skip
        label = np.searchsorted(limits, np.searchsorted(np.sort(values), of_score) / len(values))
        for number, name in enumerate(training.labels):
            share = float((label == number).mean())
            yield (
                "label_trend", name, batch, share, float(np.sqrt(share * (1 - share))),
                settings["trend_of_labels"]["value"],
            )  # fmt: skip
        for number, name in enumerate(training.features):
            yield (
                "feature_trend", name, batch, float(of_feature[:, number].mean()),
                float(np.sqrt(1 / 12)), settings["trend_of_features"]["value"],
            )  # fmt: skip


def trends(
    training: Training, size: int, histories: int, drift: float, seed: int
) -> tuple[float, float]:
    """Share of histories with any trend, and with one of the mean score, in their last batch."""
    generator = np.random.default_rng([seed, size])
    with duckdb.connect() as connection:
        connection.execute(
            "create table trend_levels (run_id text, check_name text, scope text, as_of integer,"
            " batch_level double, spread double, drift double, customers bigint)"
        )
        rows = [
            (str(history), *row, size)
            for history in range(histories)
            for row in levels_of(training, size, generator, drift)
        ]
        insert(connection, "trend_levels", rows)
        connection.execute(f"create view trend_baselines as {query('trend_baselines')}")
        found, of_score = connection.execute(f"""
            select
                count(distinct run_id) filter (where allowances > 1),
                count(distinct run_id) filter (where allowances > 1 and check_name = 'score_trend')
            from ({query("trends")})
        """).fetchone() or (0, 0)  # noqa: S608
    return found / histories, of_score / histories


def least_drift(training: Training, size: int, histories: int, seed: int) -> float:
    """The least drift of the mean score that 95 of 100 histories find."""
    for drift in (0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4):
        if trends(training, size, histories, drift, seed)[1] >= 1 - MOST_FALSE:
            return drift
    return float("nan")


@click.command()
@click.option("--runs", default=300, show_default=True, help="Runs and histories per size.")
@click.option("--product", default="churn", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another one draws other customers.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the table into this file.")
def main(runs: int, product: str, seed: int, out: Path | None) -> None:
    """Print the table; ends with 1 where too many sound runs warn, or the drift is missed."""
    registry = Registry()
    *_, version = [version for name, version in registry.pinned() if name == product]
    training = Training(load_card(registry.find(product, version)))
    lines = [
        "| customers | limits alone | beyond chance | blocked | trends | drift | 0.457 to 0.52 |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    is_good = True
    for size in SIZES:
        alone, found, blocked = distances(training, size, runs, seed)
        false, _ = trends(training, size, runs, 0, seed)
        _, seen = trends(training, size, max(runs // 5, 20), 0.063, seed)
        least = least_drift(training, size, max(runs // 10, 20), seed)
        lines.append(
            f"| {size:,} | {alone:.1%} | {found:.1%} | {blocked:.1%} | {false:.1%} "
            f"| {least:.2f} | {seen:.0%} |"
        )
        click.echo(lines[-1])
        is_good = is_good and max(found, false) <= MOST_FALSE
        is_good = is_good and (size < SIZES[-1] or seen >= 1 - MOST_FALSE)
    table = "\n".join(lines)
    click.echo(table)
    if out:
        out.write_text(table + "\n")
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
