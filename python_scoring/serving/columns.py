"""Columns of a mart: where PostgreSQL stores each, and with which type."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from python_scoring.errors import ServingError
from python_scoring.project.sql_text import identifier

# Computed by serving.judge at read time, or stored once per mart version.
COMPUTED = {
    "age_hours": "judged.age_hours",
    "fresh_until": "states.fresh_until",
    "freshness": "judged.freshness",
    "served_as": "judged.served_as",
    "action_allowed": "judged.action_allowed",
    "action_blocked_reason": "judged.action_blocked_reason",
    "deprecated_on": "marts.deprecated_on",
}
COMPUTED_IN_HISTORY = {
    "is_withdrawn": "runs.is_withdrawn",
    "is_superseded": "runs.is_superseded",
    "deprecated_on": "marts.deprecated_on",
}

# Equal for all rows of a run, so stored once per run.
RUN_COLUMNS = (
    "run_id",
    "product",
    "as_of",
    "prediction_date",
    "predicted_at",
    "model_version",
    "training_run_id",
    "feature_version",
    "feature_snapshot_id",
    "output_schema_version",
)

TYPES = {
    "text": "text",
    "varchar": "text",
    "string": "text",
    "double": "double precision",
    "float8": "double precision",
    "double precision": "double precision",
    "float": "real",
    "real": "real",
    "tinyint": "smallint",
    "smallint": "smallint",
    "integer": "integer",
    "int": "integer",
    "bigint": "bigint",
    "long": "bigint",
    "hugeint": "numeric(39, 0)",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
    "json": "jsonb",
    "uuid": "uuid",
}
DECIMAL = re.compile(r"(?:decimal|numeric)\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)")

# What pyarrow writes to CSV so that PostgreSQL reads the same bits; DuckDB writes the rest as text.
ARROW_WRITES = {"text", "double precision", "smallint", "integer", "bigint", "boolean", "date"}


@dataclass(frozen=True)
class Column:
    """Column of a mart, as in its contract."""

    name: str
    data_type: str
    description: str = ""

    @property
    def postgres_type(self) -> str:
        """The type in PostgreSQL. Raises ServingError where PostgreSQL has none for it."""
        spelled = " ".join(self.data_type.lower().split())
        if spelled in TYPES:
            return TYPES[spelled]
        if match := DECIMAL.fullmatch(spelled):
            return f"numeric({match[1]}, {match[2]})"
        raise ServingError(
            f"column {self.name}: the type {self.data_type} cannot be served. Expected one of "
            f"{', '.join(sorted(TYPES))} or decimal(p, s); cast it in the mart."
        )

    @property
    def selected(self) -> str:
        """The column's expression in a DuckDB query."""
        name = identifier(self.name)
        return name if self.postgres_type in ARROW_WRITES else f"cast({name} as text) as {name}"


def stored(columns: Iterable[Column], kind: str) -> list[Column]:
    """The columns that are stored per row, in order; `kind` is current or history."""
    computed = COMPUTED if kind == "current" else COMPUTED_IN_HISTORY
    return [each for each in columns if each.name not in computed and each.name not in RUN_COLUMNS]
