"""Damage and recovery: `doctor`, `repair`, `connect`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from python_scoring.cli.options import AS_JSON
from python_scoring.cli.printing import echo, print_json


@click.command("doctor")
@click.option("--quick", is_flag=True, help="Compare the sizes of data files, and read none.")
@AS_JSON
def doctor(*, quick: bool, as_json: bool) -> None:
    """Examine the warehouse: halves, catalogue and every file; changes nothing.

    Reads each file of the lake and compares it with the digest that was recorded when it was
    written. Names each damage with what to do, and ends with exit code 1 where there is one.

    \b
    Example:
      customer-predictions doctor --quick
    """
    from dataclasses import asdict

    from python_scoring.errors import PredictionError
    from python_scoring.recovery.doctor import examine
    from python_scoring.warehouse import Warehouse

    findings = []
    for finding in examine(Warehouse.from_environment(), quick=quick):
        findings.append(finding)
        if not as_json:
            echo(str(finding))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    damaged = sum(finding.problem is not None for finding in findings)
    if damaged:
        raise PredictionError(f"{damaged} damaged: docs/runbook.md says what each means.")


@click.group("repair")
def repair() -> None:
    """Bring back a half of the warehouse that is missing or damaged.

    `doctor`, or the build that stopped, names the one to use.

    \b
    Example:
      customer-predictions repair catalogue --by ana --reason "disk error on 3 May"
    """


def _decision(command: Callable[..., Any]) -> Callable[..., Any]:
    who = click.option("--by", required=True, help="Who decides it.")
    why = click.option("--reason", required=True, help="Why, in a sentence.")
    return who(why(command))


@repair.command("catalogue")
@_decision
def repair_catalogue(by: str, reason: str) -> None:
    """Put back the copy of lake.sqlite that the last build kept in lake/.

    The present one is kept beside it.

    \b
    Example:
      customer-predictions repair catalogue --by ana --reason "disk error on 3 May"
    """
    from python_scoring.recovery.repair import repair_catalog
    from python_scoring.warehouse import Warehouse

    echo(repair_catalog(Warehouse.from_environment(), by, reason))


@repair.command("working-set")
@_decision
def repair_working_set(by: str, reason: str) -> None:
    """Have the next build make warehouse.duckdb anew; the present one is put aside.

    It holds nothing durable: staging, tables of the last build, and Elementary's history.

    \b
    Example:
      customer-predictions repair working-set --by ana --reason "disk error on 3 May"
    """
    from python_scoring.recovery.repair import repair_working_set
    from python_scoring.warehouse import Warehouse

    echo(repair_working_set(Warehouse.from_environment(), by, reason))


@repair.command("identity")
@_decision
def repair_identity(by: str, reason: str) -> None:
    """Declare that lake.sqlite and lake/ belong together as they are now.

    After a restore of one of them alone, or a change on purpose. What the catalogue does not know
    stays unknown: `doctor` says what else is wrong.

    \b
    Example:
      customer-predictions repair identity --by ana --reason "restored the backup of 2 May"
    """
    from python_scoring.recovery.repair import repair_identity
    from python_scoring.warehouse import Warehouse

    echo(repair_identity(Warehouse.from_environment(), by, reason))


@click.command("connect")
@click.option("--out", type=click.Path(path_type=Path), help="Write it into this file instead.")
def connect(out: Path | None) -> None:
    """Print the SQL by which DuckDB attaches this warehouse as a reader.

    With absolute paths: a warehouse that was moved or copied is read where it is now, and not where
    it came from.

    \b
    Example:
      customer-predictions connect --out connect.sql
    """
    from python_scoring.recovery.doctor import print_attach
    from python_scoring.warehouse import Warehouse

    statement = print_attach(Warehouse.from_environment())
    if out:
        out.write_text(f"{statement}\n", encoding="utf-8")
        echo(f"{out}: run it in any DuckDB session")
    else:
        echo(statement)
