"""Export of training data as Parquet, for training elsewhere; the same rows as `train` uses."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from python_scoring.contracts.declared import declared_contracts
from python_scoring.contracts.validation import contract_of
from python_scoring.errors import TrainingError
from python_scoring.features.definitions import definitions_digest
from python_scoring.project import feature_types, parsed_manifest
from python_scoring.project.output_files import check_output, write_output
from python_scoring.training.completeness import refuse_future
from python_scoring.training.data import frame_digest, prepare

# Keys of the Parquet file's metadata begin with it.
PREFIX = "customer_predictions."


@dataclass(frozen=True)
class ExportRequest:
    """Request of an export: product, as-ofs and file.

    The file has the features of the product's recipe, or with `all_features` those of the whole
    catalogue.
    """

    product: str
    as_ofs: list[datetime]
    out: Path
    all_features: bool = False


@dataclass(frozen=True)
class Exported:
    """Result of an export: rows per as-of, and the digests that are in the file's metadata."""

    rows_per_as_of: dict[str, int]
    digest: str
    feature_version: str
    definitions_sha256: str


def export_training_data(request: ExportRequest) -> Exported:
    """Write as_of, customer_id, label and features of every eligible customer, as Parquet.

    Features are point-in-time, outcomes complete. Rows are ordered by as-of and customer; numbers
    are doubles. Raises TrainingError if an as-of has no customer or no complete data, at once
    for one in the future, and InputError if the file cannot be written.
    """
    check_output(request.out)
    as_ofs = sorted(set(request.as_ofs))
    refuse_future(as_ofs, declared_contracts()[request.product], with_outcomes=True)
    with tempfile.TemporaryDirectory(prefix="training-data-") as scratch:
        manifest = parsed_manifest(Path(scratch))
        contract = contract_of(manifest, request.product)
        types = feature_types(manifest)
        catalogue = [{"name": name, "type": kind} for name, kind in types.items()]
        features = catalogue if request.all_features else None
        prepared = prepare(request.product, as_ofs, manifest, contract, Path(scratch), features)
    for as_of in as_ofs:
        if problem := prepared.missing(as_of, with_outcomes=True):
            raise TrainingError(f"--as-of {as_of}: {problem}")
        if not (prepared.frame["as_of"] == as_of).any():
            raise TrainingError(
                f"--as-of {as_of}: no eligible {request.product} customer; "
                "the raw data in RAW_DATA start later, or the eligible population is empty"
            )
    found = Exported(
        {str(as_of): int((prepared.frame["as_of"] == as_of).sum()) for as_of in as_ofs},
        frame_digest(prepared.frame),
        prepared.feature_version,
        definitions_digest(manifest),
    )
    _write(prepared.frame, request, found)
    return found


def read_digest(file: Path) -> str:
    """Compute the digest of an exported file from its rows."""
    return frame_digest(pq.read_table(file).to_pandas())


def _write(frame: pd.DataFrame, request: ExportRequest, found: Exported) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    named = {
        "product": request.product,
        "training_data_digest": found.digest,
        "feature_version": found.feature_version,
        "definitions_sha256": found.definitions_sha256,
    }
    metadata = {f"{PREFIX}{name}": text for name, text in named.items()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    write_output(request.out, lambda unfinished: pq.write_table(table, unfinished))
