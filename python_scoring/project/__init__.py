"""The dbt project: its folder, its manifest, its commands, and its SQL expressions."""

from python_scoring.project.dbt_commands import parsed_manifest, run_dbt
from python_scoring.project.folder import PROJECT, code_version
from python_scoring.project.manifest import (
    Exposure,
    Manifest,
    Node,
    Source,
    feature_types,
    model_meta,
    raw_sources,
    read_manifest,
)

__all__ = [
    "PROJECT",
    "Exposure",
    "Manifest",
    "Node",
    "Source",
    "code_version",
    "feature_types",
    "model_meta",
    "parsed_manifest",
    "raw_sources",
    "read_manifest",
    "run_dbt",
]
