"""Archive check of a skops file, before any object of it is built.

A skops file is a zip archive: `schema.json` describes the objects, further members hold arrays.
What is read here is text, so a malicious file can do nothing but be refused.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from python_scoring.errors import ArtifactError

# Unpacked, in bytes: a compressed array of zeros takes a thousand times the memory of its file.
MAX_BYTES = 512 * 2**20
MAX_MEMBERS = 10_000

# Everything that an artifact may be made of, by module and name. skops has defaults of its own,
# which grow from release to release; this file alone decides. Types that hold indices of trees are
# in it because python_scoring/models/trees.py checks those.
TRUSTED_TYPES = frozenset(
    Path(__file__).with_name("trusted_types.txt").read_text(encoding="utf-8").split()
)


def checked_schema(content: bytes, name: str) -> dict[str, Any]:
    """Description of the objects in a skops file; `name` is how messages call the file.

    Raises ArtifactError where it is no skops file, is larger unpacked than MAX_BYTES, or names a
    type that is not in TRUSTED_TYPES.
    """
    schema = _schema(content, name)
    untrusted = sorted(types_in(schema) - TRUSTED_TYPES)
    if untrusted:
        raise ArtifactError(
            f"{name} holds types that are not trusted: {', '.join(untrusted)}. Use an estimator "
            "made of trusted types only, or have python_scoring/models/trusted_types.txt reviewed."
        )
    return schema


def types_in(schema: dict[str, Any]) -> set[str]:
    """Every type and function that a description names, as `module.name`."""
    found: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "__module__" in part or "__class__" in part:
                found.add(f"{part.get('__module__')}.{part.get('__class__')}")
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _schema(content: bytes, name: str) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if len(members) > MAX_MEMBERS or size > MAX_BYTES:
                raise ArtifactError(
                    f"{name} has {len(members):,} members of {size:,} bytes unpacked; expected at "
                    f"most {MAX_MEMBERS:,} of {MAX_BYTES:,}. Train a smaller model."
                )
            schema = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError) as error:
        raise ArtifactError(
            f"{name} is not a skops file: {error}. Save the estimator with skops.io.dump."
        ) from error
    if not isinstance(schema, dict):
        raise ArtifactError(
            f"{name} is not a skops file: its schema.json describes no object. "
            "Save the estimator with skops.io.dump."
        )
    return schema
