"""Recomputation of feature snapshots from the raw tables, by their original definitions."""

import subprocess
import tarfile
from collections import defaultdict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import duckdb

from python_scoring.errors import PredictionError
from python_scoring.features.definitions import definitions_digest, digest_of_each_feature
from python_scoring.project import (
    PROJECT,
    Manifest,
    model_meta,
    parsed_manifest,
    raw_sources,
    read_manifest,
    run_dbt,
)
from python_scoring.raw.columns import pattern
from python_scoring.raw.files import raw_data_folder, raw_files
from python_scoring.replay.targets import Target
from python_scoring.warehouse import Warehouse, connect_lake


@dataclass(frozen=True)
class Rebuilt:
    """Snapshots recomputed from today's raw tables."""

    features: Warehouse
    inputs: Warehouse  # from all customers, if snapshot_inputs was recorded
    definitions_sha256: str
    definitions: dict[str, str]


def rebuild(targets: list[Target], scratch: Path) -> dict[str, Rebuilt | str]:
    """Return each run's recomputed snapshot, or a sentence that says why there is none.

    Runs of the project's present feature version are built by the project as it is, so that a
    changed definition shows. Others are built by the commit that built them.
    """
    manifest = parsed_manifest(scratch)
    present = str(model_meta(manifest, "feature_snapshots", "feature_version"))
    by_code: dict[str | None, list[Target]] = defaultdict(list)
    for target in targets:
        is_present = target.recorded["feature_version"] == present
        by_code[None if is_present else target.recorded["code_version"]].append(target)
    rebuilt: dict[str, Rebuilt | str] = {}
    for code_version, of_code in by_code.items():
        try:
            project = PROJECT if code_version is None else _checked_out(code_version, scratch)
        except PredictionError as error:
            version = of_code[0].recorded["feature_version"]
            problem = f"feature_version {version} recorded, {present} in the project. {error}"
            rebuilt |= {target.run_id: problem for target in of_code}
            continue
        folder = scratch if code_version is None else scratch / code_version
        outcome = _build(of_code, project, folder)
        rebuilt |= {target.run_id: outcome for target in of_code}
    return rebuilt


def _checked_out(code_version: str, scratch: Path) -> Path:
    """Check out the project at a commit; raises PredictionError if git cannot."""
    if code_version == "unknown" or code_version.endswith("-dirty"):
        raise PredictionError(
            f"Its code version {code_version} names no commit, so its definitions are lost."
        )
    command = ["git", "archive", "--format=tar", code_version]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)  # noqa: S603 - without a shell
    if result.returncode != 0:
        raise PredictionError(
            f"The commit {code_version} that built it is not in this repository "
            f"({result.stderr.decode().strip()}): fetch it, and replay again."
        )
    folder = scratch / code_version / "project"
    with tarfile.open(fileobj=BytesIO(result.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _build(targets: list[Target], project: Path, folder: Path) -> Rebuilt:
    snapshots = sorted({(as_of, cutoff) for as_of, cutoff, _ in (t.snapshot for t in targets)})
    raw = raw_data_folder()
    environment = {
        "SNAPSHOT_AS_OF": ",".join(f"{a.isoformat()}/{c.isoformat()}" for a, c in snapshots),
        "PREDICTION_AS_OF": "",
        "SERVING_DSN": "",
        "RAW_DATA": str(raw),
    }
    # The same WAREHOUSE for all: dbt parses in full where the profile changes.
    environment["WAREHOUSE"] = str(folder)
    target_path = ["--target-path", str(folder / "target")]
    warehouse = Warehouse(folder)
    if _lands(project):
        without_tests = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
        run_dbt(
            ["build", "--select", "+config.materialized:landed", *without_tests, *target_path],
            environment, quiet=True, project=project,
        )  # fmt: skip
    run_dbt(
        ["run-operation", "record_inputs_again", *target_path],
        environment, quiet=True, project=project,
    )  # fmt: skip
    inputs = _moved(warehouse, folder / "inputs")
    manifest = read_manifest(folder / "target")
    customers = _customers(targets)
    if _lands(project):
        environment["RAW_DATA"] = str(_landed_rows(customers, inputs, manifest, folder / "raw"))
    elif customers is not None:
        environment["RAW_DATA"] = str(_rows_of(customers, raw, manifest, folder / "raw"))
    run_dbt(
        [
            "build", "--select", "+feature_snapshots", "--indirect-selection", "cautious",
            "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test", *target_path,
        ],
        environment, quiet=True, project=project,
    )  # fmt: skip
    return Rebuilt(
        warehouse, inputs, definitions_digest(manifest), digest_of_each_feature(manifest)
    )


def _moved(warehouse: Warehouse, folder: Path) -> Warehouse:
    """Move the target out of the way of the next build."""
    folder.mkdir()
    for path in (warehouse.working_set, warehouse.catalog, Path(warehouse.data)):
        if path.exists():
            path.rename(folder / path.name)
    return Warehouse(folder)


def _lands(project: Path) -> bool:
    """Whether the project lands raw files; older commits read them in every build."""
    return (project / "macros" / "raw_data" / "landed.sql").exists()


def _customers(targets: list[Target]) -> frozenset[str] | None:
    """Return all customers that are compared; None if any run is compared as a whole."""
    chosen: frozenset[str] = frozenset()
    for target in targets:
        if target.customers is None:
            return None
        chosen |= target.customers
    return chosen


def _landed_rows(
    customers: frozenset[str] | None, inputs: Warehouse, manifest: Manifest, folder: Path
) -> Path:
    """Write the landed rows that bear on some customers, or on all if None, as raw files.

    Every version of a row counts if any version belongs to them.
    """
    folder.mkdir(parents=True)
    with connect_lake(inputs) as lake:
        lake.execute("create temp table chosen (customer_id text)")
        if customers is not None:
            lake.executemany("insert into chosen values (?)", [[each] for each in customers])
        for name, source in raw_sources(manifest).items():
            key, *_ = columns = list(source["columns"])
            theirs = f"select {key} from lake.raw.{name} where customer_id in (from chosen)"  # noqa: S608 - declared
            condition = "true" if customers is None else f"{key} in ({theirs})"
            lake.execute(
                f"copy (select {', '.join(columns)} from lake.raw.{name} where {condition})"  # noqa: S608 - declared
                f" to '{folder / name}.parquet'"
            )
    return folder


def _rows_of(customers: frozenset[str], raw: Path, manifest: Manifest, folder: Path) -> Path:
    """Write the raw rows that bear on some customers, in every version."""
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("create table chosen (customer_id text)")
        connection.executemany("insert into chosen values (?)", [[each] for each in customers])
        for name, source in raw_sources(manifest).items():
            files = [pattern(path) for path in raw_files(raw, name)]
            key = next(iter(source["columns"]))
            # Trimmed as in staging, which rejects a null key.
            connection.execute(
                f"""
                copy (
                    select * from read_parquet($files)
                    where {key} in (
                        select {key} from read_parquet($files)
                        where trim(customer_id, e' \\t\\r\\n') in (from chosen)
                    )
                ) to '{folder / name}.parquet'
                """,  # noqa: S608 - a declared column, and a folder of this process
                {"files": files},
            )
    return folder
