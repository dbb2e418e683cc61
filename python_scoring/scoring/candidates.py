"""Entry point of the dbt Python models candidates_<product>: score every due run of one product."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import ArtifactError, ScoringError
from python_scoring.models.artifacts import RegistryRow
from python_scoring.project.sql_text import literal
from python_scoring.scoring.due_runs import due_runs
from python_scoring.scoring.schema import SCORE_SCHEMA


def score_due_runs(
    *,
    product: str,
    runs: duckdb.DuckDBPyRelation,
    registry: duckdb.DuckDBPyRelation,
    contracts: duckdb.DuckDBPyRelation,
    snapshots: duckdb.DuckDBPyRelation,
    feature_catalogue: duckdb.DuckDBPyRelation,
) -> pa.RecordBatchReader:
    """Return scores of each due run of `product` as a stream; empty if nothing is due.

    The arguments are the relations of the models and seeds of these names; the stream has
    SCORE_SCHEMA. Every model is loaded and checked before the first row is scored. Raises
    ArtifactError, ScoringError or, for a wording, InputError.
    """
    due = due_runs(runs, product)
    if not due:
        return pa.RecordBatchReader.from_batches(SCORE_SCHEMA, [])
    # Importing scikit-learn and skops takes a third of the time of a build with nothing due.
    from python_scoring.explanations.reason_codes import ReasonCodes
    from python_scoring.explanations.wording import Wordings
    from python_scoring.scoring.snapshots import score_snapshot, scoring_of

    contract = contract_of(contracts, product)
    wordings = Wordings.of(feature_catalogue.project("name, data_type, wording").fetchall())
    scorings = []
    for run in due:
        row = registry_row(registry, product, run.model_version)
        model, eligible = scoring_of(run, row, contract, snapshots)
        reasons = ReasonCodes.of(model, contract, wordings)
        scorings.append((run.run_id, model, reasons, eligible))

    def stream() -> Iterator[pa.RecordBatch]:
        for run_id, model, reasons, eligible in scorings:
            yield from score_snapshot(eligible, model, contract, run_id, reasons)

    return pa.RecordBatchReader.from_batches(SCORE_SCHEMA, stream())


def contract_of(contracts: duckdb.DuckDBPyRelation, product: str) -> ScoringContract:
    """Return the product's contract; raises ScoringError if it has none."""
    row = contracts.filter(f"product = '{product}'").project("contract_json").fetchone()
    if row is None:
        raise ScoringError(
            f"no contract for {product}: give its mart a config.meta.prediction in "
            f"models/products/{product}/_{product}__models.yml"
        )
    return ScoringContract.model_validate_json(row[0])


def registry_row(
    registry: duckdb.DuckDBPyRelation,
    product: str,
    model_version: str,
    pins: str = "model_pins",
) -> RegistryRow:
    """Return the registered model; raises ArtifactError if a pin names an unregistered one."""
    columns = list(RegistryRow.__dataclass_fields__)
    row = (
        registry.filter(f"product = '{product}' and model_version = {literal(model_version)}")
        .project(", ".join(columns))
        .fetchone()
    )
    if row is None:
        raise ArtifactError(not_registered(product, model_version, pins))
    return RegistryRow(*row)


def not_registered(product: str, model_version: str, pins: str = "model_pins") -> str:
    """Return the message for a version that seeds/<pins>.csv pins and nothing registers."""
    return (
        f"seeds/{pins}.csv pins {product} {model_version}, which has no row in "
        "seeds/model_registry.csv. Register the model, or pin a registered version."
    )
