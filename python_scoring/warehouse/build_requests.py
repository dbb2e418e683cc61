"""Requests to a running build: a person's withdrawal of a run, executed by the build.

Nothing but the build may commit to the lake while it runs, and the working set has one writer. So
`dbt run-operation withdraw_run` leaves a request, and the build grants it between two models.
"""

import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from python_scoring.errors import InputError
from python_scoring.project.sql_macros import expression
from python_scoring.warehouse.connections import Warehouse

FOLDER = "requests"
ASKED = ".asked.json"
GRANTED = ".granted.json"

RUN = """
select run_id, product, as_of, status, is_served
from lake.operations.run_states
where run_id = ?
"""
# The entry that the macro ledger_insert makes of models/operations/recording/reviewed_run.sql.
WITHDRAW = """
insert into lake.operations.run_ledger by name
select
    (select max(newest.entry) from lake.operations.run_ledger as newest) + 1 as entry,
    {recorded_at} as recorded_at,
    'withdrawn' as status,
    $reason as reason,
    0 as rows_published,
    $by as recorded_by,
    cast(getvariable('code_version') as text) as code_version,
    * exclude (
        entry, recorded_at, status, reason, rows_published, recorded_by, code_version
    )
from lake.operations.run_ledger as published
where published.entry = (
    select max(outcome.entry) from lake.operations.run_ledger as outcome
    where outcome.run_id = $run_id and outcome.status in ('published', 'quarantined')
)
"""


def ask(warehouse: Warehouse, arguments: Mapping[str, Any]) -> Path:
    """Leave a request to withdraw a run; return its file.

    Raises InputError if run_id, reason or by is missing.
    """
    for name in ("run_id", "reason", "by"):
        if not str(arguments.get(name) or "").strip():
            raise InputError(
                f"withdraw_run lacks {name}. Call: dbt run-operation withdraw_run --args "
                "'{run_id: <run_id of lake.operations.run_ledger>, reason: <why>, by: <your name>}'"
            )
    folder = warehouse.folder / FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / f"{time.time_ns()}-{uuid.uuid4().hex}{ASKED}"
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps({key: str(value) for key, value in arguments.items()}))
    unfinished.replace(file)
    return file


def answer(file: Path) -> tuple[bool, str] | None:
    """Return whether the request was granted, and the message; None if it is not answered yet."""
    granted = file.with_name(file.name.replace(ASKED, GRANTED))
    if not granted.exists():
        return None
    found = json.loads(granted.read_text())
    granted.unlink()
    return bool(found["granted"]), str(found["message"])


def take_back(file: Path) -> None:
    """Remove a request that is not answered."""
    file.unlink(missing_ok=True)


def waiting(warehouse: Warehouse) -> list[Path]:
    """Return the waiting requests, the oldest first. Lists one folder."""
    return sorted((warehouse.folder / FOLDER).glob(f"*{ASKED}"))


def grant(lake: duckdb.DuckDBPyConnection, file: Path) -> bool:
    """Withdraw the run and answer the request; return whether it was withdrawn.

    `lake` must be in no transaction.
    """
    arguments = json.loads(file.read_text())
    try:
        is_done, message = _withdraw(lake, arguments)
    except duckdb.Error as error:
        is_done, message = False, f"withdraw_run: {error}"
    granted = file.with_name(file.name.replace(ASKED, GRANTED))
    unfinished = granted.with_suffix(".new")
    unfinished.write_text(json.dumps({"granted": is_done, "message": message}))
    unfinished.replace(granted)
    file.unlink(missing_ok=True)
    return is_done


def _withdraw(lake: duckdb.DuckDBPyConnection, arguments: Mapping[str, str]) -> tuple[bool, str]:
    run_id = arguments["run_id"]
    found = lake.execute(RUN, [run_id]).fetchone()
    if found is None:
        return False, f"withdraw_run: there is no run '{run_id}' in lake.operations.run_ledger."
    _, product, as_of, status, is_served = found
    run = f"The run {run_id} ({product} as of {as_of})"
    if not is_served:
        if status == "withdrawn":
            return True, f"{run} is withdrawn already: nothing to do."
        return False, f"withdraw_run: {run} is {status} and was never served."
    values = {name: arguments[name] for name in ("run_id", "reason", "by")}
    lake.execute(WITHDRAW.format(recorded_at=expression("current_utc_timestamp")), values)
    served = lake.execute(
        "select as_of from lake.operations.run_states where is_current and product = ?", [product]
    ).fetchone()
    instead = f"the run as of {served[0]}" if served else "nothing, for no earlier run is left"
    return True, f"{run} is withdrawn by the build that runs: consumers are served {instead}."
