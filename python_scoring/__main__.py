"""`python -m python_scoring`: the commands beside `dbt build`."""

import sys

import click

from python_scoring.cli import commands
from python_scoring.errors import PredictionError


def main() -> None:
    """Run a command; an error of this library becomes one readable line and exit code 1."""
    try:
        commands(prog_name="python -m python_scoring")
    except PredictionError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
