"""`customer-predictions report`: all products on one HTML page."""

from pathlib import Path

from python_scoring.project.output_files import check_output, write_output
from python_scoring.report import backtests
from python_scoring.report.page import render
from python_scoring.report.queries import read_warehouse
from python_scoring.warehouse import Warehouse


def write_report(out: Path, days: int, backtest_files: list[Path] | None = None) -> int:
    """Write the report of the environment's warehouse to `out`; returns the number of bytes.

    `backtest_files` are backtests to show, as JSON. `out` is replaced atomically. Raises InputError
    if the file cannot be written, nothing was built yet, or a backtest is none.
    """
    check_output(out)
    page = render(
        read_warehouse(Warehouse.from_environment(), days), backtests.read(backtest_files or [])
    ).encode()
    write_output(out, lambda unfinished: unfinished.write_bytes(page))
    return len(page)
