"""OpenLineage events of a build: for each run, its start and its outcome.

By default they are appended to `lineage.ndjson` in the warehouse's folder; OpenLineage's own
settings (OPENLINEAGE_CONFIG, OPENLINEAGE_URL, openlineage.yml) send them elsewhere.
"""

import json
import os
import uuid
from pathlib import Path
from typing import Any, cast

import attr
import duckdb
from openlineage.client import OpenLineageClient, set_producer
from openlineage.client import event_v2 as openlineage
from openlineage.client import facet_v2 as facets
from openlineage.client.transport.file import FileConfig, FileTransport

from python_scoring.lineage.records import FinishedRun
from python_scoring.raw.files import raw_data_folder
from python_scoring.warehouse import Warehouse

NAMESPACE = "customer_predictions"
FILE = "lineage.ndjson"
PRODUCER = "urn:customer_predictions"
# Namespace from which the UUIDs of attempts are derived.
RUNS = uuid.uuid5(uuid.NAMESPACE_URL, PRODUCER)

OUTCOMES = {
    "published": openlineage.RunState.COMPLETE,
    "quarantined": openlineage.RunState.ABORT,
    "failed": openlineage.RunState.FAIL,
}
TEST_STATUS = {"passed": "pass", "failed": "fail", "not_evaluated": "skip"}
TABLES = {"published": "predictions", "quarantined": "quarantine"}


Rows = dict[Any, list[tuple[Any, ...]]]


@attr.define
class Records:
    """Records of the runs of one invocation, each read once for all of them."""

    checks: Rows  # by run_id
    inputs: Rows  # by as_of, data_cutoff and feature_version
    columns: Rows  # columns of the prediction tables, by table name


@attr.define
class ModelFacet(facets.RunFacet):
    """Model of a run, as the run's manifest records it."""

    model_version: str
    artifact_path: str | None
    artifact_sha256: str | None
    training_run_id: str | None
    training_as_of: str | None
    training_config_sha256: str | None
    training_data_sha256: str | None
    feature_version: str | None
    definitions_sha256: str | None
    libraries: dict[str, str]

    @staticmethod
    def _get_schema() -> str:
        return f"{PRODUCER}:model-facet:1-0-0"


def emit(lake: duckdb.DuckDBPyConnection, warehouse: Warehouse, invocation_id: str) -> int:
    """Send the events of one dbt invocation; returns their number.

    Raises the exceptions of the transport.
    """
    runs = _runs(lake, invocation_id)
    if not runs:
        return 0
    records = _records(lake, invocation_id)
    set_producer(PRODUCER)
    client = _client(warehouse)
    try:
        for run in runs:
            for event in _events(records, warehouse, run):
                client.emit(event)
    finally:
        client.close()
    return 2 * len(runs)


def _client(warehouse: Warehouse) -> OpenLineageClient:
    """OpenLineage's own settings take precedence."""
    is_configured = any(name.startswith("OPENLINEAGE") for name in os.environ)
    if is_configured or Path("openlineage.yml").exists():
        return OpenLineageClient()
    config = FileConfig(log_file_path=str(warehouse.folder / FILE), append=True)
    return OpenLineageClient(transport=FileTransport(config))


def _runs(lake: duckdb.DuckDBPyConnection, invocation_id: str) -> list[FinishedRun]:
    """Return the runs that this invocation brought to an outcome, with their manifests."""
    found = lake.execute(
        """
        with ledger as (
            select * from lake.operations.run_ledger where invocation_id = $invocation_id
        )
        select
            manifest.*,
            ledger.run_id, ledger.product, ledger.as_of, ledger.status, ledger.reason,
            ledger.recorded_at, ledger.model_version, ledger.feature_version,
            ledger.rows_published, ledger.rows_scored, ledger.code_version,
            (select min(recorded_at) from ledger as other where other.run_id = ledger.run_id)
                as started_at
        from ledger
        left join (
            from lake.operations.run_manifest
            select * exclude (
                run_id, product, as_of, model_version, feature_version, code_version, recorded_at
            ), run_id as manifest_of
        ) as manifest on ledger.run_id = manifest.manifest_of
        where ledger.status in ('published', 'quarantined', 'failed')
        order by ledger.entry
        """,
        {"invocation_id": invocation_id},
    )
    columns = [column[0] for column in found.description or []]
    return [
        cast("FinishedRun", dict(zip(columns, values, strict=True))) for values in found.fetchall()
    ]


def _records(lake: duckdb.DuckDBPyConnection, invocation_id: str) -> Records:
    """Read all records at once.

    In DuckLake a query of few rows costs as much as one of thousands.
    """
    checks: Rows = {}
    inputs: Rows = {}
    columns: Rows = {}
    for run_id, *check in lake.execute(
        "select run_id, check_name, scope, outcome, severity, threshold, value, message "
        "from lake.operations.output_checks where run_id in "
        "(select run_id from lake.operations.run_ledger where invocation_id = ?) "
        "order by check_name, scope",
        [invocation_id],
    ).fetchall():
        checks.setdefault(run_id, []).append(tuple(check))
    for *key, source, rows, digest in lake.execute(
        "select as_of, data_cutoff, feature_version, source, row_count, content_digest "
        "from lake.operations.snapshot_inputs where as_of in "
        "(select as_of from lake.operations.run_ledger where invocation_id = ?) order by source",
        [invocation_id],
    ).fetchall():
        inputs.setdefault(tuple(key), []).append((source, rows, digest))
    for table, name, data_type in lake.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'lake' and schema_name = 'predictions' order by column_index"
    ).fetchall():
        columns.setdefault(table, []).append((name, data_type))
    return Records(checks, inputs, columns)


def _events(records: Records, warehouse: Warehouse, run: FinishedRun) -> list[openlineage.RunEvent]:
    job = openlineage.Job(
        namespace=NAMESPACE,
        name=run["product"],
        facets={
            "jobType": facets.job_type_job.JobTypeJobFacet(
                processingType="BATCH", integration="DBT", jobType="MODEL"
            )
        },
    )
    inputs = _inputs(records, warehouse, run)
    started = openlineage.RunEvent(
        eventType=openlineage.RunState.START,
        eventTime=f"{run['started_at'].isoformat()}Z",
        run=openlineage.Run(runId=_run_uuid(run), facets=_run_facets(run)),
        job=job,
        inputs=inputs,
    )
    ended = openlineage.RunEvent(
        eventType=OUTCOMES[run["status"]],
        eventTime=f"{run['recorded_at'].isoformat()}Z",
        run=openlineage.Run(
            runId=_run_uuid(run), facets={**_run_facets(run), **_outcome_facets(records, run)}
        ),
        job=job,
        inputs=inputs,
        outputs=_outputs(records, warehouse, run),
    )
    return [started, ended]


def _run_uuid(run: FinishedRun) -> str:
    """Return the UUID of an attempt, which OpenLineage requires."""
    return str(uuid.uuid5(RUNS, f"{run['run_id']}|{run['started_at']}"))


def _run_facets(run: FinishedRun) -> dict[str, facets.RunFacet]:
    as_of = f"{run['as_of'].isoformat()}Z"
    libraries = json.loads(run["libraries"] or "{}")
    values: dict[str, Any] = {**run}
    return {
        "nominalTime": facets.nominal_time_run.NominalTimeRunFacet(nominalStartTime=as_of),
        "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
            version=libraries.get("duckdb", "unknown"), name=run["engine"] or "DuckDB"
        ),
        "tags": facets.tags_run.TagsRunFacet(
            tags=[
                facets.tags_run.TagsRunFacetFields(
                    key=key, value=str(values[key]), source=NAMESPACE
                )
                for key in ("run_id", "code_version")
            ]
        ),
        "customer_predictions_model": ModelFacet(
            **{
                name: values[name]
                for name in attr.fields_dict(ModelFacet)
                if not name.startswith("_") and name != "libraries"
            },
            libraries=libraries,
        ),
    }


def _outcome_facets(records: Records, run: FinishedRun) -> dict[str, facets.RunFacet]:
    """Return every check, and the reason if the run was not published."""
    checks = records.checks.get(run["run_id"], [])
    found: dict[str, facets.RunFacet] = {
        "test": facets.test_run.TestRunFacet(
            tests=[
                facets.test_run.TestExecution(
                    name=f"{name} ({scope})",
                    status=TEST_STATUS[outcome],
                    severity="error" if severity == "block" else "warn",
                    type=name,
                    description=message,
                    expected=None if threshold is None else str(threshold),
                    actual=None if value is None else str(value),
                )
                for name, scope, outcome, severity, threshold, value, message in checks
            ]
        )
    }
    if run["status"] != "published":
        found["errorMessage"] = facets.error_message_run.ErrorMessageRunFacet(
            message=run["reason"], programmingLanguage="SQL"
        )
    return found


def _inputs(
    records: Records, warehouse: Warehouse, run: FinishedRun
) -> list[openlineage.InputDataset]:
    """Return the raw tables at the cutoff, and the snapshot that was scored."""
    raw = raw_data_folder()
    sources = records.inputs.get((run["as_of"], run["data_cutoff"], run["feature_version"]), [])
    datasets = [_input("file", str(raw / source), digest, rows) for source, rows, digest in sources]
    if run["feature_snapshot_id"] is not None:
        datasets.append(
            _input(
                _lake_namespace(warehouse), "features.feature_snapshots",
                run["feature_snapshot_id"], None,
            )
        )  # fmt: skip
    return datasets


def _input(namespace: str, name: str, version: str, rows: int | None) -> openlineage.InputDataset:
    statistics = facets.input_statistics_input_dataset.InputStatisticsInputDatasetFacet
    return openlineage.InputDataset(
        namespace=namespace,
        name=name,
        facets={"version": facets.dataset_version_dataset.DatasetVersionDatasetFacet(version)},
        inputFacets={} if rows is None else {"inputStatistics": statistics(rowCount=rows)},
    )


def _outputs(
    records: Records, warehouse: Warehouse, run: FinishedRun
) -> list[openlineage.OutputDataset]:
    """Return the table of the run's predictions, with its columns and row count."""
    if run["status"] not in TABLES:
        return []
    table = f"{TABLES[run['status']]}_{run['product']}"
    columns = records.columns.get(table, [])
    schema = facets.schema_dataset
    statistics = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
    return [
        openlineage.OutputDataset(
            namespace=_lake_namespace(warehouse),
            name=f"predictions.{table}",
            facets={
                "schema": schema.SchemaDatasetFacet(
                    fields=[
                        schema.SchemaDatasetFacetFields(name=name, type=data_type)
                        for name, data_type in columns
                    ]
                ),
            },
            outputFacets={"outputStatistics": statistics(rowCount=run["rows_scored"])},
        )
    ]


def _lake_namespace(warehouse: Warehouse) -> str:
    return f"ducklake:{warehouse.catalog}"
