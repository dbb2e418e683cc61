"""Baseline of output schemas that consumers rely on: `seeds/output_schemas.csv`."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from python_scoring.contracts.schema_changes import ACCEPT, Recorded, breaking_changes
from python_scoring.contracts.served_outputs import (
    Column,
    ServedOutput,
    day,
    served_outputs,
)
from python_scoring.contracts.validation import project_contracts
from python_scoring.errors import InputError, PredictionError
from python_scoring.project import PROJECT, Manifest

BASELINE = PROJECT / "seeds" / "output_schemas.csv"
HEADER = (
    "output", "version", "output_schema_version", "deprecated_on", "column_name", "data_type",
    "nullable",
)  # fmt: skip


def recorded_outputs(file: Path = BASELINE) -> list[Recorded]:
    """Read the baseline; raises InputError if it is missing or malformed."""
    if not file.exists():
        raise InputError(f"{file} does not exist: record what is served with `{ACCEPT}`")
    with file.open(newline="") as text:
        reader = csv.DictReader(text)
        if tuple(reader.fieldnames or ()) != HEADER:
            raise InputError(f"{file}: the header is not {','.join(HEADER)}")
        rows = list(reader)
    found: dict[tuple[str, int], list[dict[str, str]]] = {}
    for number, row in enumerate(rows, start=2):
        if not row["version"].isdigit():
            raise InputError(f"{file}, line {number}: version '{row['version']}' is not a number")
        found.setdefault((row["output"], int(row["version"])), []).append(row)
    return [_recorded(output, version, lines, file) for (output, version), lines in found.items()]


def _recorded(output: str, version: int, lines: list[dict[str, str]], file: Path) -> Recorded:
    place = f"{file}: {output} version {version}"
    promised = {(line["output_schema_version"], line["deprecated_on"]) for line in lines}
    if len(promised) > 1:
        raise InputError(f"{place} has more than one output_schema_version or deprecated_on")
    schema_version, deprecated_on = promised.pop()
    major, _, minor = schema_version.partition(".")
    if major != str(version) or not minor.isdigit():
        raise InputError(
            f"{place}: output_schema_version '{schema_version}' is not {version} and a minor number"
        )
    return Recorded(
        output=output,
        version=version,
        minor=int(minor),
        deprecated_on=day(deprecated_on, f"{place}: deprecated_on"),
        columns=tuple(
            Column(line["column_name"], line["data_type"], nullable=line["nullable"] == "true")
            for line in lines
        ),
    )


def notice_periods(manifest: Manifest) -> dict[str, int]:
    """Return the notice period of each product: days from the announcement to a version's end."""
    return {
        product: contract.notice_days for product, contract in project_contracts(manifest).items()
    }


def baseline_text(served: Iterable[ServedOutput]) -> str:
    """Return the baseline of the present project, as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for found in sorted(served, key=lambda one: (one.output, one.version)):
        for column in found.columns:
            writer.writerow(
                [
                    found.output, found.version, found.output_schema_version,
                    found.deprecated_on or "", column.name, column.data_type,
                    str(column.nullable).lower(),
                ]
            )  # fmt: skip
    return text.getvalue()


def findings(manifest: Manifest, today: date, file: Path = BASELINE) -> list[str]:
    """Return the breaking changes, else whether the baseline lacks something that is served now."""
    served = served_outputs(manifest)
    problems = breaking_changes(recorded_outputs(file), served, today, notice_periods(manifest))
    if not problems and file.read_text() != baseline_text(served):
        problems.append(
            f"{file.name} is not what the project serves now, and nothing would break: record it "
            f"with `{ACCEPT}` and commit the file."
        )
    return problems


def check(manifest: Manifest, today: date, file: Path = BASELINE) -> None:
    """Raise PredictionError with the findings, if any."""
    if found := findings(manifest, today, file):
        raise PredictionError("\n- ".join(["consumers were promised something else:", *found]))


def accept(manifest: Manifest, today: date, file: Path = BASELINE) -> bool:
    """Record the present schemas as the baseline; returns whether it changed.

    Raises PredictionError, and writes nothing, if a change would break consumers.
    """
    served = served_outputs(manifest)
    recorded = recorded_outputs(file) if file.exists() else []
    if problems := breaking_changes(recorded, served, today, notice_periods(manifest)):
        raise PredictionError("\n- ".join(["consumers would break:", *problems]))
    text = baseline_text(served)
    changed = not file.exists() or file.read_text() != text
    file.write_text(text)
    return changed
