"""Choice of the predictions to recompute: a run, one prediction, or a sample of all."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import duckdb

from python_scoring.errors import InputError
from python_scoring.lineage.records import RunManifest
from python_scoring.lineage.trace import recorded_model
from python_scoring.models.artifacts import RegistryRow


@dataclass(frozen=True)
class Target:
    """Recorded run, and the customers that are compared; None for all."""

    recorded: RunManifest
    customers: frozenset[str] | None

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return str(self.recorded["run_id"])

    @property
    def product(self) -> str:
        """Product of the run."""
        return str(self.recorded["product"])

    @property
    def snapshot(self) -> tuple[datetime, datetime, str]:
        """As-of, data cutoff and feature version of its feature snapshot."""
        recorded = self.recorded
        return recorded["as_of"], recorded["data_cutoff"], recorded["feature_version"]

    @property
    def model(self) -> RegistryRow:
        """Model that scored the run, whatever the registry says now."""
        return recorded_model(self.recorded)

    @property
    def name(self) -> str:
        """Name for messages."""
        return f"{self.product} as of {self.recorded['as_of']} (run {self.run_id})"


def of_id(lake: duckdb.DuckDBPyConnection, identifier: str) -> list[Target]:
    """Return the run, or the single prediction, with this id.

    Raises InputError if there is neither, or the run is older than the records.
    """
    runs = recorded_runs(lake)
    if identifier in runs:
        return [Target(runs[identifier], None)]
    found = lake.execute(
        "select run_id, customer_id from lake.operations.prediction_lineage "
        "where prediction_id = ?",
        [identifier],
    ).fetchone()
    if found is None:
        known = lake.execute(
            "select status from lake.operations.run_ledger where run_id = ? order by entry desc",
            [identifier],
        ).fetchone()
        if known is not None:
            raise InputError(
                f"the run {identifier} ({known[0]}) has no row in lake.operations.run_manifest: it "
                "produced nothing, or is older than the manifest. It cannot be replayed."
            )
        raise InputError(
            f"'{identifier}' is neither a run_id nor a prediction_id of this warehouse. "
            "lake.operations.run_ledger lists the runs; WAREHOUSE names the warehouse."
        )
    run_id, customer = found
    if run_id not in runs:
        raise InputError(
            f"the run {run_id} of this prediction has no row in lake.operations.run_manifest: it "
            "is older than the manifest, and cannot be replayed."
        )
    return [Target(runs[run_id], frozenset([customer]))]


def sample(lake: duckdb.DuckDBPyConnection, size: int, seed: str) -> list[Target]:
    """Return a uniform random sample of predictions; the same seed gives the same sample.

    Runs are drawn by their size and customers within them, so that not every prediction ever made
    has to be read. Raises InputError if nothing was recorded.
    """
    runs = recorded_runs(lake)
    sizes = {
        run_id: rows
        for run_id, rows in lake.execute(
            "select run_id, max(rows_scored) from lake.operations.run_ledger "
            "where status in ('published', 'quarantined') group by run_id order by run_id"
        ).fetchall()
        if run_id in runs and rows
    }
    if not sizes:
        raise InputError(
            "lake.operations.run_manifest has no run: nothing was published yet, or nothing since "
            "runs are recorded. The next dbt build records what it makes."
        )
    draws = random.Random(seed).choices(list(sizes), list(sizes.values()), k=size)  # noqa: S311 - no secret
    targets = []
    for run_id in sorted(set(draws), key=lambda each: (runs[each]["as_of"], each)):
        recorded = runs[run_id]
        customers = lake.execute(
            f"select customer_id from ({predictions_sql(recorded['product'])}) "  # noqa: S608 - names of the project's own
            "where run_id = ? and prediction_date = cast(? as date) "
            "order by md5(customer_id || ?), customer_id limit ?",
            [run_id, recorded["as_of"], seed, draws.count(run_id)],
        ).fetchall()
        targets.append(Target(recorded, frozenset(customer for (customer,) in customers)))
    return targets


def predictions_sql(product: str) -> str:
    """Return SQL for all stored predictions of a product; a released run counts once."""
    columns = (
        "prediction_id, run_id, customer_id, prediction_date, score, score_lower, score_upper, "
        "interval_level, label, reason_codes"
    )
    return (
        f"select {columns} from lake.predictions.predictions_{product} "  # noqa: S608 - a product's name
        f"union select {columns} from lake.predictions.quarantine_{product}"
    )


def recorded_runs(lake: duckdb.DuckDBPyConnection) -> dict[str, RunManifest]:
    """Return every row of run_manifest, by run."""
    found = lake.execute("select * from lake.operations.run_manifest order by recorded_at, run_id")
    columns = [column[0] for column in found.description or []]
    rows = [
        cast("RunManifest", dict(zip(columns, values, strict=True))) for values in found.fetchall()
    ]
    return {row["run_id"]: row for row in rows}
