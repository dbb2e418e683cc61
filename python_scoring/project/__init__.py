"""The dbt project: its folder, its manifest, its commands, and its SQL expressions."""

from python_scoring.project.dbt_commands import parsed_manifest, run_dbt
from python_scoring.project.folder import (
    PROJECT,
    PROJECT_DIR,
    code_version,
    is_project,
    product_names,
)
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
    "PROJECT_DIR",
    "Exposure",
    "Manifest",
    "Node",
    "Source",
    "code_version",
    "feature_types",
    "is_project",
    "model_meta",
    "parsed_manifest",
    "product_names",
    "raw_sources",
    "read_manifest",
    "run_dbt",
]
