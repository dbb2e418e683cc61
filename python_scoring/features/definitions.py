"""Digest of the feature definitions; seeds/feature_versions.csv has it for each version.

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
from python_scoring.project import PROJECT, Manifest, Node

FOLDERS = ("models/staging/", "models/features/")
SNAPSHOTS = "feature_snapshots"
# Records that hooks make of the features are no definition either.
RECORDING = "/recording/"
# They decide when something is computed or recorded, not its value.
NOT_DEFINITIONS = frozenset(
    {
        "only_when_needed",  # of commits up to feature version 1.0.0, which replays check out
        "record_snapshots",
        "feature_version",
        "feature_catalogue",
        "rejected_records",
        "changed_customers",
        "customers_to_compute",
        "former_snapshots",
    }
)
LOCK_FILE = PROJECT / "seeds" / "feature_versions.csv"

_COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/", re.DOTALL)
# Commits before 0.2 dispatched macros by engine, and replays compute their digests again.
_CALL = re.compile(r"dispatch\('([a-z0-9_]+)'\)|\b([a-z_][a-z0-9_]*)\s*\(")


def definitions_digest(manifest: Manifest) -> str:
    """Return the SHA-256 of everything that decides a feature's value."""
    parts = _parts(manifest, set(_models(manifest)))
    parts["columns"] = json.dumps(list(_declarations(manifest).values()))
    return _sha256(parts)


def digest_of_each_feature(manifest: Manifest) -> dict[str, str]:
    """Return the SHA-256 of each feature's declaration and SQL, in the snapshot's order.

    Features that one model computes differ in their declarations only: a change of its SQL changes
    the digests of all of them.
    """
    models = _models(manifest)
    columns = models[SNAPSHOTS]["columns"]
    sql_behind: dict[str, dict[str, str]] = {}
    digests = {}
    for name, declaration in _declarations(manifest).items():
        computed_in = columns[name]["config"]["meta"].get("computed_in")
        if computed_in is None:  # a key of the snapshot
            continue
        if computed_in not in sql_behind:
            behind = {SNAPSHOTS, *_with_ancestors(computed_in, models)}
            sql_behind[computed_in] = _parts(manifest, behind)
        digests[name] = _sha256({**sql_behind[computed_in], "column": json.dumps(declaration)})
    return digests


def _models(manifest: Manifest) -> dict[str, Node]:
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["original_file_path"].startswith(FOLDERS)
        and RECORDING not in node["original_file_path"]
        and node["name"] not in NOT_DEFINITIONS
    }


def _declarations(manifest: Manifest) -> dict[str, list[Any]]:
    return {
        column["name"]: [
            column["name"], column["data_type"], column["config"]["meta"].get("absent")
        ]
        for column in _models(manifest)[SNAPSHOTS]["columns"].values()
    }  # fmt: skip


def _with_ancestors(name: str, models: dict[str, Node]) -> set[str]:
    """Return a model and its ancestors among the definitions."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        model = waiting.pop()
        if model in models and model not in found:
            found.add(model)
            waiting += [parent.split(".")[-1] for parent in models[model]["depends_on"]["nodes"]]
    return found


def _parts(manifest: Manifest, names: set[str]) -> dict[str, str]:
    """Return the SQL of some models, and of the project's macros that it calls, by name."""
    macros = {
        macro["name"]: macro["macro_sql"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "customer_predictions"
    }
    codes = {name: node["raw_code"] for name, node in _models(manifest).items() if name in names}
    parts = {name: _normalized(code) for name, code in codes.items()}
    called = _called_macros(list(codes.values()), macros)
    return parts | {f"macro {name}": _normalized(macros[name]) for name in called}


def _sha256(parts: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def locked_digest(feature_version: str, lock: Path = LOCK_FILE) -> str:
    """Return the recorded digest of a version; raises PredictionError if it has no row."""
    with lock.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["feature_version"] == feature_version:
                return row["definitions_sha256"]
    raise PredictionError(
        f"{lock} has no row for feature_version {feature_version}: append one with the digest that "
        "`customer-predictions feature-version` prints"
    )


def _called_macros(codes: list[str], macros: dict[str, str]) -> set[str]:
    """Return the project's macros reachable from some code, old variants by engine included."""
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
