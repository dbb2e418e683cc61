"""What reason codes cost on top of scoring.

Scores the newest feature snapshot of a warehouse, repeated to so many customers, in turns without
and with reason codes, and prints the ratio for each product and for all of them; with --store as
candidates_<product> does it in a build, into a table of a DuckDB file.

    python -m benchmarks.reason_codes --customers 1000000
"""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator

import click
import duckdb
import numpy as np
import pyarrow as pa

from python_scoring.explanations.explainers import explainer_for
from python_scoring.explanations.reason_codes import ReasonCodes
from python_scoring.explanations.wording import Wordings
from python_scoring.models.artifacts import Model, load
from python_scoring.models.predict import BATCH_ROWS, feature_frame, feature_projection
from python_scoring.models.registry import Registry
from python_scoring.scoring.batches import score_batches
from python_scoring.scoring.schema import SCORE_SCHEMA
from python_scoring.warehouse import Warehouse, connect_lake

NEWEST = """
    select {columns} from lake.features.feature_snapshots
    where as_of = (select max(as_of) from lake.features.feature_snapshots) and {eligible}
"""


def repeated(customers: pa.Table, count: int) -> Iterator[pa.RecordBatch]:
    """So many rows drawn at random, in batches as scoring gets them.

    Money differs by up to a tenth from row to row: repeated values would be too easy.
    """
    generator = np.random.default_rng(1)
    for start in range(0, count, BATCH_ROWS):
        size = min(BATCH_ROWS, count - start)
        batch = customers.take(pa.array(generator.integers(0, len(customers), size)))
        for number, column in enumerate(batch.columns):
            if pa.types.is_floating(column.type):
                values = column.to_numpy()
                if (values != np.rint(values)).any():
                    values = np.round(values * generator.uniform(0.95, 1.05, size), 2)
                    name = batch.schema.field(number).name
                    batch = batch.set_column(number, name, pa.array(values, from_pandas=True))
        yield batch.combine_chunks().to_batches()[0]


def measured(
    lake: duckdb.DuckDBPyConnection, product: str, count: int, repeats: int, *, into_file: bool
) -> tuple[float, float, float]:
    """Median seconds without and with reason codes; the largest error of a sum of contributions."""
    [(version, as_of)] = lake.execute(
        "select model_version, as_of from lake.operations.run_states "
        "where product = ? and is_served "
        "order by as_of desc limit 1",
        [product],
    ).fetchall()
    model = load(Registry().find(product, version)).at(as_of)
    [(text,)] = lake.execute(
        "select contract_json from lake.operations.prediction_contracts where product = ?",
        [product],
    ).fetchall()
    contract = json.loads(text)
    catalogue = lake.execute("select name, data_type, wording from lake.features.feature_catalogue")
    reasons = ReasonCodes.of(model, contract, Wordings.of(catalogue.fetchall()))
    if reasons is None:
        raise click.ClickException(f"{product} {version} has no reason codes by its contract")
    features = [*model.card.features, *reasons.companions]
    query = NEWEST.format(
        columns=", ".join(["customer_id", *feature_projection(features)]),
        eligible=contract["eligible_population"]["condition"],
    )
    batches = list(repeated(lake.execute(query).to_arrow_table(), count))
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(repeats):
        for with_reasons, found in seconds.items():
            start = time.perf_counter()
            scored = score_batches(
                iter(batches), model, contract, "run", reasons if with_reasons else None
            )
            if into_file:
                store_in_file(pa.RecordBatchReader.from_batches(SCORE_SCHEMA, scored))
            else:
                for _batch in scored:
                    pass
            found.append(time.perf_counter() - start)
    error = max(largest_error(model, batch) for batch in batches)
    return statistics.median(seconds[False]), statistics.median(seconds[True]), error


def store_in_file(scored: pa.RecordBatchReader) -> None:
    """As a build does: into a table of a file."""
    with (
        tempfile.TemporaryDirectory(prefix="scored-") as folder,
        duckdb.connect(f"{folder}/scored.duckdb") as file,
    ):
        file.register("scored", scored)
        file.execute("create table candidates as from scored")


def largest_error(model: Model, batch: pa.RecordBatch) -> float:
    """How far the sum of a row's contributions is from what the estimator itself adds up."""
    explainer = explainer_for(model)
    if explainer is None:
        return float("nan")
    frame = feature_frame(batch, model.card.features)
    estimator = model.estimator
    if model.card.score_type == "segment":
        distances = np.sort(estimator.transform(frame) ** 2, axis=1)
        expected = distances[:, 1] - distances[:, 0]
    elif hasattr(estimator, "_raw_predict"):
        expected = np.ravel(estimator._raw_predict(frame))  # noqa: SLF001 - before the link
    elif hasattr(estimator, "decision_function"):
        expected = estimator.decision_function(frame)
    else:
        expected = estimator.predict(frame)
    total = explainer.base + explainer.contributions(frame).sum(axis=1)
    return float(np.abs(total - expected).max())


@click.command()
@click.option("--customers", type=int, default=1_000_000, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--store", is_flag=True, help="Store the scores too.")
def main(customers: int, repeats: int, *, store: bool) -> None:
    """Print a line for each product of the warehouse in WAREHOUSE, and one for all."""
    totals = [0.0, 0.0]
    with connect_lake(Warehouse.from_environment()) as lake:
        products = lake.execute(
            "select product from lake.operations.prediction_contracts order by product"
        ).fetchall()
        for (product,) in products:
            without, with_reasons, error = measured(
                lake, product, customers, repeats, into_file=store
            )
            totals = [totals[0] + without, totals[1] + with_reasons]
            line = _line(product, customers, without, with_reasons)
            click.echo(f"{line}; contributions add up to {error:.0e}")
    click.echo(_line("all", customers, *totals))


def _line(product: str, customers: int, without: float, with_reasons: float) -> str:
    return (
        f"{product}: {customers:,} customers scored in {without:.2f} s, with reason codes in "
        f"{with_reasons:.2f} s: {with_reasons / without - 1:.0%} on top"
    )


if __name__ == "__main__":
    main()
