"""`customer-predictions report`: all products on one HTML page."""

import os
from pathlib import Path

from python_scoring.errors import InputError
from python_scoring.report import backtests
from python_scoring.report.page import render
from python_scoring.report.queries import read_warehouse
from python_scoring.warehouse import Warehouse


def write_report(out: Path, days: int, backtest_files: list[Path] | None = None) -> int:
    """Write the report of the environment's warehouse to `out`; returns the number of bytes.

    `backtest_files` are backtests to show, as JSON. `out` is replaced atomically. Raises InputError
    if the file cannot be written, nothing was built yet, or a backtest is none.
    """
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: the folder {out.parent} does not exist; create it first")
    if out.is_dir():
        raise InputError(f"--out {out} is a folder; expected the name of a file")
    page = render(
        read_warehouse(Warehouse.from_environment(), days), backtests.read(backtest_files or [])
    ).encode()
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(page)
        unfinished.replace(out)
    except OSError as error:
        raise InputError(f"--out {out} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return len(page)
