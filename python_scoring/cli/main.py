"""The command `customer-predictions`, also started as `python -m python_scoring`."""

import sys

import click

from python_scoring.cli import consumers, data, models, privacy, products, reports, runs
from python_scoring.cli.exit_codes import MEANINGS, exit_code
from python_scoring.cli.printing import echo_error
from python_scoring.errors import PredictionError

PROGRAM = "customer-predictions"
_EXIT_CODES = "".join(f"\n  {code.value}  {meaning}" for code, meaning in MEANINGS.items())


@click.group(epilog=f"\b\nExit codes:{_EXIT_CODES}")
def commands() -> None:
    """Governed batch inference for customer models.

    `dbt build` is the scheduled job; this is the rest.
    """


for command in (
    data.demo_data,
    data.raw,
    models.train,
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
):
    commands.add_command(command)


def main() -> None:
    """Run a command; a known error is printed as a readable message and sets the exit code."""
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
