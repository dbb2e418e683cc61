"""Comparison of each link of the chain, from raw row to score, with its record."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from python_scoring.contracts.contract import ScoringContract
from python_scoring.explanations.reason_codes import ReasonCodes
from python_scoring.explanations.wording import Wordings
from python_scoring.lineage.input_digests import without
from python_scoring.lineage.libraries import library_versions
from python_scoring.models import artifacts
from python_scoring.models.registry import Registry
from python_scoring.project.sql_macros import expression
from python_scoring.project.sql_text import literal
from python_scoring.replay.recomputation import Rebuilt
from python_scoring.replay.targets import Target, predictions_sql
from python_scoring.scoring.schema import SCORE_SCHEMA
from python_scoring.scoring.snapshots import score_snapshot

# In the order of the chain: the first difference is reported.
LINKS = ("input", "feature", "model", "library", "score")

COMPARED = (
    "prediction_id", "score", "score_lower", "score_upper", "interval_level", "label",
    "reason_codes",
)  # fmt: skip

# Columns of seeds/model_registry.csv that are recorded with each run.
REGISTERED = (
    "artifact_path", "artifact_sha256", "training_run_id", "training_as_of",
    "training_config_sha256", "feature_version",
)  # fmt: skip


# Rows of an input, and the digest of their values.
Counts = tuple[int, str]


@dataclass(frozen=True)
class Difference:
    """Link that differs from its record: a sentence with both values.

    If `matters` is false the difference is reported, but is no mismatch while the scores agree.
    """

    link: str
    message: str
    matters: bool = True


def customers_erased(lake: duckdb.DuckDBPyConnection, target: Target) -> int:
    """Return the number of the run's customers that were erased since."""
    found = lake.execute(
        "select coalesce(sum(customers_erased), 0) from lake.operations.erased_records "
        "where kind = 'run' and run_id = ?",
        [target.run_id],
    ).fetchone()
    return int(found[0]) if found else 0


def _erased_parts(lake: duckdb.DuckDBPyConnection, target: Target) -> dict[str, list[Counts]]:
    """Return rows and digests of erased parts that the recorded input still includes, by raw table.

    Only erasures of versions before 0.2 left any; later ones restate the recorded input.
    """
    as_of, _, feature_version = target.snapshot
    parts: dict[str, list[Counts]] = defaultdict(list)
    if "content_digest" not in lake.table("lake.operations.erased_records").columns:
        return parts
    for source, rows, digest in lake.execute(
        "select source, rows_erased, content_digest from lake.operations.erased_records "
        "where kind = 'input' and as_of = ? and feature_version = ? and content_digest is not null",
        [as_of, feature_version],
    ).fetchall():
        parts[source].append((rows, digest))
    return parts


def _without(recorded: Counts, erased: list[Counts]) -> Counts:
    """Return rows and digest of an input without its erased parts."""
    rows = recorded[0] - sum(part_rows for part_rows, _ in erased)
    return rows, without(recorded[1], (digest for _, digest in erased))


def inputs_differ(lake: duckdb.DuckDBPyConnection, target: Target) -> Iterable[Difference]:
    """Yield raw tables that differ from their record; `again` is attached with present rows."""
    recorded, found = (
        lake.execute(
            "select source, row_count, content_digest, newest_loaded_at "  # noqa: S608
            f"from {catalog}.operations.snapshot_inputs "
            "where as_of = ? and data_cutoff = ? and feature_version = ? order by source",
            target.snapshot,
        ).fetchall()
        for catalog in ("lake", "inputs")
    )
    if not recorded:
        yield Difference("input", "the inputs of this snapshot were not recorded", matters=False)
    again = {source: (rows, digest) for source, rows, digest, _ in found}
    erased = _erased_parts(lake, target)
    for source, rows, digest, newest in recorded:
        expected = _without((rows, digest), erased[source])
        if again.get(source) != expected:
            yield Difference(
                "input",
                f"the raw table {source}, as loaded before {target.snapshot[1]}: "
                f"{_input(expected)}, up to {newest}, recorded, {_input(again.get(source))} found",
            )


def _input(counts: Counts | None) -> str:
    return "no such table" if counts is None else f"{counts[0]:,} rows with digest {counts[1]}"


def definitions_differ(
    lake: duckdb.DuckDBPyConnection, target: Target, rebuilt: Rebuilt
) -> Iterable[Difference]:
    """Yield features whose definition changed under the same version."""
    recorded_digest = target.recorded["definitions_sha256"]
    if recorded_digest == rebuilt.definitions_sha256:
        return
    recorded = dict(
        lake.execute(
            "select feature, definition_sha256 from lake.operations.feature_definitions "
            "where definitions_sha256 = ? order by position",
            [recorded_digest],
        ).fetchall()
    )
    changed = [
        f"{name} ({recorded.get(name, 'none')[:12]} recorded, {digest[:12]} found)"
        for name, digest in rebuilt.definitions.items()
        if recorded.get(name) != digest
    ]
    yield Difference(
        "feature",
        f"the definitions of feature_version {target.recorded['feature_version']}: digest "
        f"{recorded_digest} recorded, {rebuilt.definitions_sha256} found; changed are "
        f"{', '.join(changed) or 'none of the features by itself'}",
    )


def features_differ(lake: duckdb.DuckDBPyConnection, target: Target) -> Iterable[Difference]:
    """Yield stored feature values that differ from those recomputed from the raw tables."""
    stored, again = (
        f"(select * from {catalog}.features.feature_snapshots "  # noqa: S608
        "where as_of = $as_of and data_cutoff = $data_cutoff "
        f"and feature_version = $feature_version and {_chosen(target)})"
        for catalog in ("lake", "features")
    )
    names = _feature_names(lake)
    differing = " or ".join(f"stored.{name} is distinct from again.{name}" for name in names)
    found = lake.execute(
        f"""
        select
            coalesce(stored.customer_id, again.customer_id) as customer_id,
            stored.customer_id is null as is_new,
            again.customer_id is null as is_gone,
            [{", ".join(f"{{'name': '{name}', 'stored': cast(stored.{name} as text), 'again': cast(again.{name} as text)}}" for name in names)}] as features,
            count(*) over () as customers
        from {stored} as stored full join {again} as again on stored.customer_id = again.customer_id
        where stored.customer_id is null or again.customer_id is null or {differing}
        order by 1 limit 1
        """,  # noqa: S608, E501
        dict(zip(("as_of", "data_cutoff", "feature_version"), target.snapshot, strict=True)),
    ).fetchone()
    if found is None:
        return
    customer, is_new, is_gone, features, customers = found
    if is_new or is_gone:
        what = "is in the raw tables, not in the stored snapshot" if is_new else (
            "is in the stored snapshot, not in what the raw tables give"
        )  # fmt: skip
    else:
        first = next(each for each in features if each["stored"] != each["again"])
        what = (
            f"{first['name']} is {first['stored']} in the stored snapshot, {first['again']} again"
        )
    yield Difference("feature", f"{customers:,} customers; the first, {customer}: {what}")


def _feature_names(lake: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the features that both snapshots have, in order."""
    columns: list[list[str]] = []
    for catalog in ("lake", "features"):
        found = lake.execute(
            "select column_name from duckdb_columns() where database_name = ? and schema_name = "
            "'features' and table_name = 'feature_snapshots' order by column_index",
            [catalog],
        ).fetchall()
        columns.append([name for (name,) in found])
    keys = {"as_of", "data_cutoff", "feature_version", "customer_id"}
    return [name for name in columns[0] if name in columns[1] and name not in keys]


def stored_snapshot_differs(
    lake: duckdb.DuckDBPyConnection, target: Target
) -> Iterable[Difference]:
    """Yield a stored snapshot whose content does not match its id."""
    names = [
        name
        for (name,) in lake.execute(
            "select feature from lake.operations.feature_definitions where definitions_sha256 = ? "
            "order by position",
            [target.recorded["definitions_sha256"]],
        ).fetchall()
    ]
    found = lake.execute(
        f"select {snapshot_digest(names)} from lake.features.feature_snapshots "  # noqa: S608
        "where as_of = ? and data_cutoff = ? and feature_version = ?",
        target.snapshot,
    ).fetchone()
    recorded = _remaining_digest(lake, target) or target.recorded["feature_snapshot_id"]
    if found is None or found[0] != recorded:
        yield Difference(
            "feature",
            f"the stored snapshot: digest {recorded} recorded, {found[0] if found else None} found",
        )


def _remaining_digest(lake: duckdb.DuckDBPyConnection, target: Target) -> str | None:
    """Return the digest of the rows that erasures left of the snapshot; None without erasures."""
    as_of, _, feature_version = target.snapshot
    found = lake.execute(
        "select max_by(records.feature_snapshot_id_after, erasures.erased_at) "
        "from lake.operations.erased_records as records "
        "inner join lake.operations.erasures as erasures using (erasure_id) "
        "where records.kind = 'snapshot' and records.as_of = ? and records.feature_version = ?",
        [as_of, feature_version],
    ).fetchone()
    return found[0] if found else None


def snapshot_digest(features: list[str]) -> str:
    """Return SQL for a snapshot's id: the digest of its rows in the columns `features`."""
    return expression("rows_digest", expression("snapshot_row_text", features))


def registry_differs(target: Target, registry: Registry) -> Iterable[Difference]:
    """Yield a registry row that changed since: a version stands for one model."""
    name = f"{target.product} {target.recorded['model_version']}"
    row = registry.row(target.product, target.recorded["model_version"])
    if row is None:
        yield Difference("model", f"{registry.models_file} has no row for {name} any more")
        return
    recorded: dict[str, Any] = {**target.recorded}
    for column in REGISTERED:
        if row[column] != recorded[column]:
            yield Difference(
                "model",
                f"{registry.models_file}, row {name}: {column} {recorded[column]} recorded, "
                f"{row[column]} found",
            )


def libraries_differ(target: Target) -> Iterable[Difference]:
    """Yield libraries between raw row and score whose version changed."""
    recorded = json.loads(target.recorded["libraries"] or "{}")
    changed = [
        f"{name} {version} recorded, {found} found"
        for name, found in library_versions().items()
        if (version := recorded.get(name)) != found
    ]
    if changed:
        yield Difference("library", "; ".join(changed), matters=False)


def score_again(lake: duckdb.DuckDBPyConnection, target: Target, catalog: str) -> None:
    """Score the catalog's snapshot with the recorded model and contract, into the table `again`.

    Raises ArtifactError if the recorded model is missing or changed, and ScoringError if it fails.
    """
    contract = ScoringContract.model_validate_json(target.recorded["contract_json"])
    as_of, data_cutoff, feature_version = target.snapshot
    model = artifacts.load(target.model).at(as_of)
    eligible = lake.sql(
        f"select * from {catalog}.features.feature_snapshots where as_of = $as_of "  # noqa: S608
        "and data_cutoff = $data_cutoff and feature_version = $feature_version "
        f"and {_chosen(target)} and ({contract.eligible_population.condition})",
        params={
            "as_of": as_of, "data_cutoff": data_cutoff, "feature_version": feature_version
        },
    )  # fmt: skip
    wordings = json.loads(target.recorded["wordings_json"] or "[]")
    reasons = ReasonCodes.of(
        model, contract, Wordings.of([tuple(wording.values()) for wording in wordings])
    )
    reader = pa.RecordBatchReader.from_batches(
        SCORE_SCHEMA, score_snapshot(eligible, model, contract, target.run_id, reasons)
    )
    # A cursor of its own: the snapshot is still being read through this connection.
    with lake.cursor() as cursor:
        cursor.register("scored", reader)
        cursor.execute(
            "create or replace table memory.main.again as "  # noqa: S608
            f"select *, {expression('prediction_id', 'run_id', 'customer_id')} as prediction_id"
            " from scored"
        )


def predictions_differ(
    lake: duckdb.DuckDBPyConnection, target: Target
) -> tuple[int, list[Difference]]:
    """Return the number of compared predictions, and the first difference."""
    lake.execute(
        f"create or replace table memory.main.recorded as from ({predictions_sql(target.product)}) "
        f"where run_id = ? and prediction_date = cast(? as date) and {_chosen(target)}",
        [target.run_id, target.recorded["as_of"]],
    )
    differing = " or ".join(f"recorded.{name} is distinct from again.{name}" for name in COMPARED)
    first = lake.execute(
        f"""
        select count(*) over () as customers, recorded, again
        from memory.main.recorded as recorded
        full join memory.main.again as again on recorded.customer_id = again.customer_id
        where {differing}
        order by coalesce(recorded.customer_id, again.customer_id) limit 1
        """  # noqa: S608 - columns of the record
    ).fetchone()
    (compared,) = lake.execute("select count(*) from memory.main.recorded").fetchone() or (0,)
    if first is None:
        return compared, []
    customers, recorded, again = first
    return compared, [Difference("score", f"{customers:,} customers; {_first(recorded, again)}")]


def _first(recorded: dict[str, Any], again: dict[str, Any]) -> str:
    if recorded["customer_id"] is None:
        return f"the first, {again['customer_id']}, is scored again but has no prediction"
    if again["customer_id"] is None:
        return f"the first, {recorded['customer_id']}, has a prediction but is not scored again"
    column = next(name for name in COMPARED if recorded[name] != again[name])
    return (
        f"the first, {recorded['customer_id']}: {column} is {recorded[column]} as recorded, "
        f"{again[column]} again"
    )


def _chosen(target: Target) -> str:
    if target.customers is None:
        return "true"
    return f"customer_id in ({', '.join(map(literal, sorted(target.customers)))})"
