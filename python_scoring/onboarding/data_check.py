"""Check of the raw files before a build: problems, rows, rejections, and the as-ofs they allow."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from python_scoring.clock import clock
from python_scoring.contracts.contract import Contract
from python_scoring.contracts.declared import declared_contracts
from python_scoring.contracts.served_outputs import project_variables
from python_scoring.errors import InputError, TrainingError
from python_scoring.raw.declared import landing_tables
from python_scoring.raw.duckdb_functions import LOADED_AT, WHEN_HAPPENED, loaded_when_happened
from python_scoring.raw.landing import plan
from python_scoring.raw.trial_landing import TableSummary, TrialLanding, trial_landing
from python_scoring.schedule.calendar import slots_between
from python_scoring.training.choice import Choice, FirstOrder, Windows, choose
from python_scoring.training.completeness import complete_until
from python_scoring.warehouse import Warehouse, connect_lake
from python_scoring.warehouse.settings import check_settings


@dataclass(frozen=True)
class ProductCheck:
    """As-ofs that the data allow for one product; `problem` says why there are none to train on.

    `windows` are of single as-ofs. `choice` is what `fit` would train and judge on.
    """

    product: str
    horizon_days: int
    windows: Windows | None
    last_slot: datetime | None
    choice: Choice | None
    problem: str | None


@dataclass(frozen=True)
class DataCheck:
    """Result of a check. A build would stop where there are `problems`."""

    folder: Path
    checked_at: datetime
    tables: list[TableSummary]
    problems: list[str]
    products: list[ProductCheck]

    def to_record(self) -> dict[str, Any]:
        """Return the check as plain values, for JSON."""
        return {**asdict(self), "stops_a_build": bool(self.problems)}


def check_data(folder: Path) -> DataCheck:
    """Read the raw tables in `folder` as a first build would; changes nothing.

    Raises InputError if a contract or a variable of the environment is not valid.
    """
    check_settings()
    contracts = declared_contracts()
    now = clock()
    with trial_landing(
        folder, project_variables(), now, loaded_when_happened=loaded_when_happened()
    ) as landed:
        products = list(_products(landed, contracts.values()))
        problems = landed.problems
    changed = _changed_history(folder, now)
    problems += [problem for problem in changed if problem not in problems]
    return DataCheck(folder, now, landed.tables, problems, products)


def _changed_history(folder: Path, now: datetime) -> list[str]:
    """Return what stops a build of the present warehouse: files whose history has changed."""
    warehouse = Warehouse.from_environment()
    if not warehouse.catalog.exists():
        return []
    try:
        with connect_lake(warehouse) as lake:
            found = plan(
                lake, folder, landing_tables(), now, loaded_when_happened=loaded_when_happened()
            )
            return found.problems
    except InputError as error:
        return [str(error)]


def _products(landed: TrialLanding, contracts: Iterable[Contract]) -> Iterator[ProductCheck]:
    try:
        complete, first_order = complete_until(landed.lake), FirstOrder.of(landed.lake)
    except TrainingError as error:
        for contract in contracts:
            yield ProductCheck(
                contract.product, contract.horizon_days, None, None, None, str(error)
            )
        return
    for contract in contracts:
        windows = Windows.of(complete, first_order, contract)
        choice = problem = None
        try:
            choice = choose(windows, contract)
        except TrainingError as error:
            problem = str(error)
        yield ProductCheck(
            contract.product,
            contract.horizon_days,
            windows,
            _last_slot(windows, contract),
            choice,
            problem,
        )


def _last_slot(windows: Windows, contract: Contract) -> datetime | None:
    """Return the last slot of the contract's schedule that the data allow to score."""
    if windows.scored is None:
        return None
    schedule = contract.schedule
    slots = slots_between(windows.first, windows.scored, schedule.cadence, schedule.anchor_days)
    return slots[-1] if slots else None


def to_text(found: DataCheck) -> str:
    """Return the check for a terminal: tables, then products, then what stops a build."""
    lines = [f"{found.folder}"]
    for table in found.tables:
        lines += _table(table)
    lines.append("")
    for product in found.products:
        lines += _as_ofs(product)
    if any(table.without_loaded_at and not os.environ.get(LOADED_AT) for table in found.tables):
        lines += ["", WITHOUT_LOADED_AT]
    if found.problems:
        lines += ["", f"A build would stop. Problems: {len(found.problems)}"]
        lines += [f"  - {problem}" for problem in found.problems]
    return "\n".join(lines)


WITHOUT_LOADED_AT = (
    "Files without loaded_at count as loaded when they are landed, which leaves no past as-of. To "
    f"train on their history: export {LOADED_AT}={WHEN_HAPPENED}"
)


def _table(table: TableSummary) -> Iterator[str]:
    files = f"{table.files} file{'' if table.files == 1 else 's'}"
    said = f"  {table.table:<10} {table.row_count:>11,} rows in {files}"
    if table.row_count:
        said += f", {table.rejected_rows / table.row_count:.1%} rejected"
    if table.first and table.last:
        said += f"; {table.happened_at} {table.first:%Y-%m-%d} to {table.last:%Y-%m-%d}"
    if table.first_loaded_at and table.last_loaded_at:
        said += f", loaded {table.first_loaded_at:%Y-%m-%d} to {table.last_loaded_at:%Y-%m-%d}"
    yield said
    for reason, rows in table.rejected.items():
        yield f"    {rows:>9,} ({rows / table.row_count:.1%}) {reason}"


def _as_ofs(found: ProductCheck) -> Iterator[str]:
    windows = found.windows
    yield f"  {found.product} (horizon {found.horizon_days} days)"
    if windows:
        known = windows.learned and f"{windows.first:%Y-%m-%d} to {windows.learned:%Y-%m-%d}"
        yield f"    as-ofs with complete outcomes: {known or 'none'}"
        scored = f"up to {windows.scored:%Y-%m-%d}" if windows.scored else "no as-of"
        slot = f", last slot {found.last_slot:%Y-%m-%d}" if found.last_slot else ""
        yield f"    score: {scored}{slot}"
    if found.choice:
        as_ofs, judged = found.choice.as_ofs, found.choice.evaluate_on
        spans = f"{as_ofs[0]:%Y-%m-%d} to {as_ofs[-1]:%Y-%m-%d}"
        count = f"{len(as_ofs)} as-of{'' if len(as_ofs) == 1 else 's'}"
        on = (
            f"on {judged:%Y-%m-%d}"
            if found.choice.is_judged
            else f"on none: outcomes of {judged:%Y-%m-%d} are not complete"
        )
        yield f"    fit: train on {count}, {spans}; evaluate {on}"
    if found.problem:
        yield f"    cannot train: {found.problem}"
