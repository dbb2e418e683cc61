"""DuckDB function for dbt's macros: what is wrong with the contracts of the parsed project."""

import json

import duckdb


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `contract_findings(contracts, variables)`, one text, empty for valid contracts.

    `contracts` is a JSON list of `{"file": ..., "contract": ...}`, `variables` a JSON object of the
    vars of dbt_project.yml. Each line of the text names file, product and key.
    """

    def contract_findings(contracts: str, variables: str) -> str:
        from python_scoring.contracts.contract import findings

        known = json.loads(variables)
        return "\n".join(
            finding
            for declared in json.loads(contracts)
            for finding in findings(declared["contract"], known, declared["file"])
        )

    connection.create_function(
        "contract_findings", contract_findings, ["varchar", "varchar"], "varchar"
    )
