"""Small lake for tests of serving: tables with the names and columns of the real one."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

FIRST = datetime(2026, 11, 20)
COLUMNS: dict[str, str] = {
    "customer_id": "text",
    "score": "double",
    "score_lower": "double",
    "score_upper": "double",
    "interval_level": "double",
    "label": "text",
    "reason_codes": "text",
    "as_of": "timestamp",
    "predicted_at": "timestamp",
    "model_version": "text",
    "feature_version": "text",
    "output_schema_version": "text",
    "run_id": "text",
    "prediction_id": "text",
    "age_hours": "decimal(18, 2)",
    "fresh_until": "timestamp",
    "freshness": "text",
    "served_as": "text",
    "action_allowed": "boolean",
    "action_blocked_reason": "text",
}
V2_COLUMNS = {**COLUMNS, "segments": "json", "deprecated_on": "date"}
HISTORY_COLUMNS: dict[str, str] = {
    "prediction_id": "text",
    "run_id": "text",
    "product": "text",
    "customer_id": "text",
    "as_of": "timestamp",
    "prediction_date": "date",
    "predicted_at": "timestamp",
    "score": "double",
    "score_lower": "double",
    "score_upper": "double",
    "interval_level": "double",
    "label": "text",
    "reason_codes": "text",
    "model_version": "text",
    "training_run_id": "text",
    "feature_version": "text",
    "feature_snapshot_id": "text",
    "output_schema_version": "text",
    "is_withdrawn": "boolean",
    "is_superseded": "boolean",
}
SCHEMA = """
create schema lake.operations;
create schema lake.marts;
create table lake.operations.prediction_contracts (
    product text, meaning text, unit text, intended_use text, not_to_be_used_for text,
    known_limitations text, action_policy text, default_score double, max_age_hours integer,
    contract_json text
);
create table lake.operations.served_outputs (
    output text, version integer, relation text, product text, kind text,
    output_schema_version text, deprecated_on date, description text, columns_json text
);
create table lake.operations.consumer_contracts (
    consumer text, role text, output text, version integer, usage_context text, valid_until date,
    owner text, criticality text, withheld_columns text, product text
);
create table lake.operations.serving_states (
    product text, as_of timestamp, run_id text, fresh_until timestamp, max_age_hours integer,
    newer_run_failed boolean, action_policy text, default_score double, incident_reason text,
    pending_responses text
);
create table lake.operations.run_states (
    run_id text, product text, as_of timestamp, is_served boolean, is_current boolean,
    is_superseded boolean, serving_entry bigint
);
"""


class Lake:
    """A lake in memory, or the one that is attached in the connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        """Empty, with the tables that publishing reads."""
        self.entries = 0
        self.connection = connection or duckdb.connect()
        if connection is None:
            self.connection.execute("attach ':memory:' as lake")
        self.connection.execute(SCHEMA)

    def run(self, query: str, *values: Any) -> list[Any]:
        """What a query returns."""
        return self.connection.execute(query, list(values)).fetchall()

    def add_product(self, product: str, policy: str = "skip", default: float = 0.5) -> None:
        """A product with a current mart v1 and a history v1, and nothing published."""
        self.run(
            "insert into lake.operations.prediction_contracts values"
            " (?, 'Chance to leave.', 'probability', 'campaign, reporting', 'Pricing.', 'None.',"
            " ?, ?, 72, '{}')",
            product, policy, default,
        )  # fmt: skip
        self.run(
            "insert into lake.operations.serving_states values"
            " (?, null, null, null, 72, false, ?, ?, null, '[]')",
            product, policy, default,
        )  # fmt: skip
        self.add_mart(product, f"{product}_predictions", 1, "current", COLUMNS)
        self.add_mart(product, f"{product}_prediction_history", 1, "history", HISTORY_COLUMNS)

    def add_mart(
        self, product: str, output: str, version: int, kind: str, columns: dict[str, str]
    ) -> None:
        """A mart version with these columns, empty."""
        relation = f"{output}_v{version}"
        contract = [
            {"name": name, "data_type": data_type, "description": f"What {name} is."}
            for name, data_type in columns.items()
        ]
        self.run(
            "insert into lake.operations.served_outputs values (?, ?, ?, ?, ?, '1.0', null, ?, ?)",
            output, version, relation, product, kind, f"The {output}.", json.dumps(contract),
        )  # fmt: skip
        definitions = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self.run(f"create table lake.marts.{relation} ({definitions})")

    def publish_run(
        self, product: str, run_id: str, as_of: datetime = FIRST, rows: int = 50, offset: float = 0
    ) -> None:
        """A run that becomes current, as the build would leave it in the marts."""
        self.entries += 1
        self.run(
            "update lake.operations.run_states set is_current = false, is_superseded = as_of = ?"
            " where product = ?",
            as_of, product,
        )  # fmt: skip
        self.run(
            "insert into lake.operations.run_states values (?, ?, ?, true, true, false, ?)",
            run_id, product, as_of, self.entries,
        )  # fmt: skip
        self.run(
            "update lake.operations.serving_states set run_id = ?, as_of = ?, fresh_until = ?"
            " where product = ?",
            run_id, as_of, as_of + timedelta(hours=33), product,
        )  # fmt: skip
        for relation, kind in self.run(
            "select relation, kind from lake.operations.served_outputs where product = ?", product
        ):
            if kind == "current":
                self.run(f"delete from lake.marts.{relation}")
            self.fill(relation, product, run_id, as_of, rows, offset)

    def fill(
        self, relation: str, product: str, run_id: str, as_of: datetime, rows: int, offset: float
    ) -> None:
        """Rows of a run; what a mart computes as it is read is left null here."""
        values = {
            "customer_id": "'C' || lpad(cast(number as text), 7, '0')",
            "score": f"(number % 997) / 997.0 + {offset}",
            "label": "case when number % 2 = 0 then 'low' else 'high' end",
            "prediction_id": f"md5('{run_id}' || number)",
            "run_id": f"'{run_id}'",
            "product": f"'{product}'",
            "as_of": f"timestamp '{as_of}'",
            "prediction_date": f"date '{as_of.date()}'",
            "predicted_at": f"timestamp '{as_of + timedelta(hours=6)}'",
            "model_version": "'1.0.0'",
            "training_run_id": "'t1'",
            "feature_version": "'1.0.0'",
            "feature_snapshot_id": "'s1'",
            "output_schema_version": "'1.0'",
            "segments": """'{"a": [1, 2]}'""",
            "is_withdrawn": "false",
            "is_superseded": "false",
        }
        names = [row[0] for row in self.run(f"describe lake.marts.{relation}")]
        selected = ", ".join(f"{values.get(name, 'null')} as {name}" for name in names)
        self.run(
            f"insert into lake.marts.{relation} select {selected} from range({rows}) as t (number)"
        )

    def allow(
        self,
        role: str,
        output: str,
        version: int,
        *contexts: str,
        valid_until: date | None = None,
        withheld: Sequence[str] = (),
        consumer: str | None = None,
    ) -> None:
        """An exposure's entitlement."""
        product = output.partition("_prediction")[0]
        for context in contexts:
            self.run(
                "insert into lake.operations.consumer_contracts values"
                " (?, ?, ?, ?, ?, ?, 'somebody', 'low', ?, ?)",
                consumer or role, role, output, version, context, valid_until,
                json.dumps(list(withheld)), product,
            )  # fmt: skip
