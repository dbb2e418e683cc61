"""What the features are made of, as one digest: seeds/feature_versions.csv holds it per version.

The definitions are the SQL of models/staging and models/features, the project's macros that this
SQL calls, and the declared feature columns. Comments and white space do not count.
"""

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from python_scoring.errors import PredictionError
from python_scoring.warehouse import PROJECT

FOLDERS = ("models/staging/", "models/features/")
# They decide when something is computed or recorded, not what it is.
NOT_DEFINITIONS = frozenset(
    {
        "only_when_needed",
        "record_snapshots",
        "feature_version",
        "feature_catalogue",
        "rejected_records",
    }
)
LOCK_FILE = PROJECT / "seeds" / "feature_versions.csv"

_COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CALL = re.compile(r"dispatch\('([a-z0-9_]+)'\)|\b([a-z_][a-z0-9_]*)\s*\(")


def definitions_digest(manifest: dict[str, Any]) -> str:
    """SHA-256 of everything that decides a feature's value."""
    macros = {
        macro["name"]: macro["macro_sql"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "customer_predictions"
    }
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["original_file_path"].startswith(FOLDERS)
        and node["name"] not in NOT_DEFINITIONS
    }
    parts = {name: _normalized(node["raw_code"]) for name, node in models.items()}
    called = _called_macros([node["raw_code"] for node in models.values()], macros)
    parts |= {f"macro {name}": _normalized(macros[name]) for name in called}
    parts["columns"] = json.dumps(
        [
            [column["name"], column["data_type"], column["config"]["meta"].get("absent")]
            for column in models["feature_snapshots"]["columns"].values()
        ]
    )
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def locked_digest(feature_version: str, lock: Path = LOCK_FILE) -> str:
    """The digest that was recorded for a version; raises PredictionError where it has no row."""
    with lock.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["feature_version"] == feature_version:
                return row["definitions_sha256"]
    raise PredictionError(
        f"{lock} has no row for feature_version {feature_version}: append one with the digest that "
        "`python -m python_scoring feature-version` prints"
    )


def _called_macros(codes: list[str], macros: dict[str, str]) -> set[str]:
    """The project's macros reachable from some code, engine variants included."""
    found: set[str] = set()
    waiting = list(codes)
    while waiting:
        for dispatched, direct in _CALL.findall(_COMMENT.sub(" ", waiting.pop())):
            for name, code in macros.items():
                is_called = name == direct or (dispatched and name.endswith(f"__{dispatched}"))
                if is_called and name not in found and name not in NOT_DEFINITIONS:
                    found.add(name)
                    waiting.append(code)
    return found


def _normalized(code: str) -> str:
    return " ".join(_COMMENT.sub(" ", code).split())
