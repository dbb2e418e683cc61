"""`replay`: recompute runs and report the first difference of each, if any."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from python_scoring.clock import clock
from python_scoring.errors import ArgumentError, ArtifactError, PredictionError, ScoringError
from python_scoring.models.registry import Registry
from python_scoring.project import code_version, run_dbt
from python_scoring.replay import comparison, targets
from python_scoring.replay.comparison import LINKS, Difference
from python_scoring.replay.recomputation import Rebuilt, rebuild
from python_scoring.replay.targets import Target
from python_scoring.warehouse import Warehouse, connect_lake, write_to_lake

# Seconds: longer than a build takes, because the record of a replay waits for one.
LOCK_TIMEOUT = 3600.0


@dataclass(frozen=True)
class Request:
    """Runs to replay: one by the id of a run or prediction, or a sample of predictions."""

    identifier: str | None
    sample: int | None
    seed: str | None
    from_snapshot: bool
    record: bool


@dataclass(frozen=True)
class Outcome:
    """Result of one run: the differences in the order of the chain."""

    target: Target
    compared: int
    differences: list[Difference]
    erased: int = 0  # customers of the run who were erased

    @property
    def mismatch(self) -> Difference | None:
        """First difference that matters; a library matters only if the scores differ too."""
        matters = any(each.matters for each in self.differences)
        return self.differences[0] if matters else None

    @property
    def message(self) -> str:
        """One line, or one per difference."""
        what = f"{self.compared:,} predictions of {self.target.name}"
        if self.erased:
            what += f"; {self.erased:,} customers erased"
        lines = [f"  {each.link}: {each.message}" for each in self.differences]
        if (first := self.mismatch) is None:
            notes = [f"{line}; the predictions are the same" for line in lines]
            return "\n".join([f"identical: {what}", *notes])
        return "\n".join([f"differs in {first.link}: {what}", *lines])

    def to_record(self) -> dict[str, Any]:
        """Return the outcome as JSON types."""
        first = self.mismatch
        return {
            "run_id": self.target.run_id,
            "product": self.target.product,
            "as_of": self.target.recorded["as_of"].isoformat(),
            "predictions_compared": self.compared,
            "customers_erased": self.erased,
            "outcome": "differs" if first else "identical",
            "link": first.link if first else None,
            "differences": [asdict(each) for each in self.differences],
        }


def replay(request: Request, warehouse: Warehouse, echo: Callable[[str], None]) -> list[Outcome]:
    """Recompute and compare; writes only the log, and only if asked to.

    Raises ArgumentError at once if the request names no run, or both a run and a sample.
    """
    if (request.identifier is None) == (request.sample is None):
        raise ArgumentError("replay takes either a RUN_ID or PREDICTION_ID, or --sample N")
    with connect_lake(warehouse) as lake:
        chosen = _chosen(request, lake)
        with tempfile.TemporaryDirectory(prefix="replay-") as scratch:
            rebuilt = {} if request.from_snapshot else rebuild(chosen, Path(scratch))
            outcomes = []
            for target in chosen:
                outcome = _replay(lake, target, rebuilt.get(target.run_id))
                echo(outcome.message)
                outcomes.append(outcome)
    if request.record:
        _record(warehouse, outcomes, "snapshot" if request.from_snapshot else "raw")
    return outcomes


def require_identical(outcomes: list[Outcome]) -> None:
    """Raise PredictionError if any run differs."""
    differing = [outcome for outcome in outcomes if outcome.mismatch]
    if differing:
        raise PredictionError(
            f"{len(differing)} of {len(outcomes)} runs differ from what was recorded; "
            "the lines above name the differences. Find the change, and restore what was recorded."
        )


def summary(outcomes: list[Outcome]) -> str:
    """Return how many predictions of how many runs are identical, where all are."""
    predictions = sum(outcome.compared for outcome in outcomes)
    return f"{predictions:,} predictions of {len(outcomes)} runs are identical."


def _chosen(request: Request, lake: duckdb.DuckDBPyConnection) -> list[Target]:
    if request.identifier is not None:
        return targets.of_id(lake, request.identifier)
    seed = request.seed or clock().date().isoformat()
    return targets.sample(lake, request.sample or 1, seed)


def _replay(
    lake: duckdb.DuckDBPyConnection, target: Target, rebuilt: Rebuilt | str | None
) -> Outcome:
    differences: list[Difference] = []
    catalog = "lake"
    if isinstance(rebuilt, str):
        return Outcome(target, 0, [Difference("feature", rebuilt)])
    if rebuilt is None:
        differences += comparison.stored_snapshot_differs(lake, target)
    else:
        catalog = "features"
        for name, scratch in (("features", rebuilt.features), ("inputs", rebuilt.inputs)):
            lake.execute(f"detach database if exists {name}")
            lake.execute(scratch.attach_sql(read_only=True, name=name))
        differences += comparison.inputs_differ(lake, target)
        differences += comparison.definitions_differ(lake, target, rebuilt)
        differences += comparison.features_differ(lake, target)
    differences += comparison.registry_differs(target, Registry())
    differences += comparison.libraries_differ(target)
    compared = 0
    try:
        comparison.score_again(lake, target, catalog)
        compared, of_scores = comparison.predictions_differ(lake, target)
        differences += of_scores
    except ArtifactError as error:
        differences.append(Difference("model", str(error)))
    except (ScoringError, duckdb.Error) as error:
        differences.append(Difference("score", f"it cannot be computed again: {error}"))
    ordered = sorted(differences, key=lambda each: LINKS.index(each.link))
    return Outcome(target, compared, ordered, comparison.customers_erased(lake, target))


def _record(warehouse: Warehouse, outcomes: list[Outcome], started_from: str) -> None:
    """Append to replay_log, and let it open and close incidents."""

    def append(lake: duckdb.DuckDBPyConnection) -> None:
        for outcome in outcomes:
            first = outcome.mismatch
            lake.execute(
                "insert into lake.operations.replay_log (entry, run_id, product, as_of, "
                "started_from, predictions_compared, outcome, link, message, replayed_at, "
                "code_version) select coalesce(max(entry), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "
                "from lake.operations.replay_log",
                [
                    outcome.target.run_id, outcome.target.product, outcome.target.recorded["as_of"],
                    started_from, outcome.compared, "differs" if first else "identical",
                    first.link if first else None, outcome.message, clock(), code_version(),
                ],
            )  # fmt: skip

    with write_to_lake(warehouse) as writer:
        if not writer.transact(append, timeout=LOCK_TIMEOUT):
            raise PredictionError(
                f"{warehouse.folder}: a build has been writing for {LOCK_TIMEOUT:g} s, so the "
                "replay "
                "was not recorded. Replay again when it has ended."
            )
    run_dbt(["run-operation", "record_operations_now"], {}, quiet=True)
