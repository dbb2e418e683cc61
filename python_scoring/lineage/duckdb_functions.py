"""DuckDB functions for the hooks that record lineage: facts of a build that only Python knows."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
from dbt.flags import get_flags
from duckdb.func import FunctionNullHandling

from python_scoring.features.definitions import definitions_digest, digest_of_each_feature
from python_scoring.lineage.libraries import library_versions
from python_scoring.models.artifacts import CARD_FILE, sha256
from python_scoring.project import PROJECT, read_manifest
from python_scoring.warehouse import Warehouse


def register(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Create `feature_definitions`, `library_versions` and `model_card`, which return JSON.

    Also create `emit_lineage_events`, which returns the reason for a failure or null, and never
    raises.
    """

    def emit_lineage_events(invocation_id: str) -> str:
        from python_scoring.lineage.events import emit  # noqa: PLC0415 - a second, in builds only

        try:
            with connection.cursor() as lake:
                emit(lake, warehouse, invocation_id)
        except Exception as error:  # noqa: BLE001 - a receiver that is down must stop no build
            return str(error) or type(error).__name__
        return ""

    connection.create_function(
        "emit_lineage_events", emit_lineage_events, ["varchar"], "varchar", side_effects=True
    )
    connection.create_function("feature_definitions", _feature_definitions, [], "varchar")
    connection.create_function(
        "library_versions", lambda: json.dumps(library_versions()), [], "varchar"
    )
    connection.create_function(
        "model_card",
        _model_card,
        ["varchar", "varchar"],
        "varchar",
        null_handling=FunctionNullHandling.SPECIAL,
    )


def _feature_definitions() -> str:
    target = _target()
    return _definitions_in(target, (target / "manifest.json").stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _definitions_in(target: Path, _written_at: int) -> str:
    """Cached: several hooks and models of a build ask for them, and the manifest has megabytes."""
    manifest = read_manifest(target)
    digests = digest_of_each_feature(manifest)
    return json.dumps(
        {
            "definitions_sha256": definitions_digest(manifest),
            "features": [{"name": name, "sha256": digests[name]} for name in digests],
        }
    )


def _target() -> Path:
    """Return the folder of dbt's manifest, which dbt writes before it builds anything."""
    flags: Any = get_flags()  # type: ignore[no-untyped-call]
    return PROJECT / (getattr(flags, "TARGET_PATH", None) or "target")


def _model_card(artifact_path: str | None, training_config_sha256: str | None) -> str | None:
    """Return the registered card; null if the file is missing or changed.

    Scoring reports both.
    """
    if artifact_path is None:
        return None
    try:
        content = (PROJECT / artifact_path).with_name(CARD_FILE).read_bytes()
    except OSError:
        return None
    return content.decode() if sha256(content) == training_config_sha256 else None
