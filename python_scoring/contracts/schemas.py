"""JSON schemas by which editors complete and check the YAML of contracts and exposures."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from python_scoring.contracts.access import ExposureMeta
from python_scoring.contracts.contract import Contract, SlaDefaults

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Keys that a contract may leave out, because dbt_project.yml has a default.
_WITH_DEFAULTS = {
    "Contract": {"explanations", "notice_days"},
    "Sla": set(SlaDefaults.model_fields),
    "Explanations": {"reasons"},
}


def contract_schema() -> dict[str, Any]:
    """JSON schema of a product's dbt YAML: its contract; the rest of the file is dbt's."""
    definitions = _definitions(Contract)
    for name, keys in _WITH_DEFAULTS.items():
        required = definitions[name]["required"]
        definitions[name]["required"] = [key for key in required if key not in keys]
    meta = {"properties": {"prediction": {"$ref": "#/$defs/Contract"}}}
    model = {"properties": {"config": {"properties": {"meta": meta}}}}
    return {
        "$schema": DIALECT,
        "title": "dbt YAML of a product, with its contract",
        "type": "object",
        "properties": {"models": {"type": "array", "items": model}},
        "$defs": definitions,
    }


def exposures_schema() -> dict[str, Any]:
    """JSON schema of the exposures' dbt YAML: owner, maturity, criticality and access."""
    owner = {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}}
    exposure = {
        "type": "object",
        "required": ["name", "owner", "maturity", "config"],
        "properties": {
            "name": {"type": "string"},
            "owner": owner,
            "maturity": {"enum": ["low", "medium", "high"]},
            "config": {
                "type": "object",
                "required": ["meta"],
                "properties": {"meta": {"$ref": "#/$defs/ExposureMeta"}},
            },
        },
    }
    return {
        "$schema": DIALECT,
        "title": "dbt YAML of the consumers, with their access",
        "type": "object",
        "properties": {"exposures": {"type": "array", "items": exposure}},
        "$defs": _definitions(ExposureMeta),
    }


SCHEMAS = {"contract.schema.json": contract_schema, "exposures.schema.json": exposures_schema}


def write_schemas(folder: Path) -> list[Path]:
    """Write both schemas into a folder, `docs/` in this project; returns the files."""
    files = []
    for name, schema in SCHEMAS.items():
        files.append(folder / name)
        files[-1].write_text(schema_text(schema()))
    return files


def schema_text(schema: dict[str, Any]) -> str:
    """Return the text of a schema file."""
    return json.dumps(schema, indent=2) + "\n"


def _definitions(shape: type[BaseModel]) -> dict[str, Any]:
    schema = shape.model_json_schema()
    definitions: dict[str, Any] = schema.pop("$defs")
    return {shape.__name__: schema, **definitions}
