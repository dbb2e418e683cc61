"""The command `customer-predictions`, also started as `python -m python_scoring`."""

import sys

import click

from python_scoring.cli import (
    consumers,
    data,
    models,
    privacy,
    products,
    recovery,
    reports,
    runs,
)
from python_scoring.cli.exit_codes import MEANINGS, ExitCode, exit_code
from python_scoring.cli.failure_reasons import meaningful_line
from python_scoring.cli.printing import echo_error
from python_scoring.errors import PredictionError
from python_scoring.project.processes import treat_termination_as_interrupt

PROGRAM = "customer-predictions"
# Their errors tell of a file, a lock or a connection; neither is imported for that here.
DATABASES = {"duckdb", "_duckdb", "sqlite3", "psycopg"}
_EXIT_CODES = "".join(f"\n  {code.value}  {meaning}" for code, meaning in MEANINGS.items())


@click.group(epilog=f"\b\nExit codes:{_EXIT_CODES}")
def commands() -> None:
    """Governed batch inference for customer models.

    `dbt build` is the scheduled job; this is the rest.
    """


for command in (
    data.demo_data,
    data.init,
    data.check_data,
    data.raw,
    models.train,
    models.fit,
    models.training_data,
    models.backtest,
    models.register,
    models.model_card,
    models.feature_version,
    products.new_product,
    runs.backfill,
    runs.replay,
    runs.trace,
    runs.explain,
    consumers.data_contracts,
    consumers.serve,
    consumers.notify,
    reports.report,
    reports.docs,
    privacy.erase,
    recovery.connect,
    recovery.doctor,
    recovery.repair,
):
    commands.add_command(command)


def main() -> None:
    """Run a command; a known error is printed as a readable message and sets the exit code."""
    treat_termination_as_interrupt()
    try:
        commands(prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(exit_code(error))
    except click.Abort as error:  # raised by click for Ctrl-C
        click.echo("Interrupted before the command had finished.", err=True)
        sys.exit(exit_code(error))
    except PredictionError as error:
        echo_error(error)
        sys.exit(exit_code(error))
    except Exception as error:
        if not _is_of_the_outside(error):
            raise
        reason = meaningful_line(str(error))
        echo_error(
            PredictionError(
                f"{reason}. `customer-predictions doctor` names files of the warehouse that are "
                "missing or damaged, and what to do."
            )
        )
        sys.exit(ExitCode.FAILED)


def _is_of_the_outside(error: Exception) -> bool:
    """Whether a file, a database or a network failed, and no line of this library."""
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or package in DATABASES
