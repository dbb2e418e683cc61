"""The command `customer-predictions`, also started as `python -m python_scoring`."""

import os
import sys
from pathlib import Path
from typing import NoReturn

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
from python_scoring.errors import PredictionError, suggestion
from python_scoring.project import PROJECT, PROJECT_DIR, code_version, is_project
from python_scoring.project.processes import heed_interrupts

PROGRAM = "customer-predictions"
# Their errors tell of a file, a lock or a connection; neither is imported for that here.
DATABASES = {"duckdb", "_duckdb", "sqlite3", "psycopg"}
_EXIT_CODES = "".join(f"\n  {code.value}  {meaning}" for code, meaning in MEANINGS.items())
# Folders of the project's data, by the variable that moves them.
DATA_FOLDERS = {"RAW_DATA": "data/raw", "WAREHOUSE": "data/warehouse"}


class Commands(click.Group):
    """The commands; each needs a project, and only the help of one does not."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a mistyped name and a missing project are wrong usage."""
        if not ctx.resilient_parsing:  # completion with Tab
            if args[0] not in self.commands and not args[0].startswith("-"):
                ctx.fail(
                    f"No such command {args[0]!r}{suggestion(args[0], self.list_commands(ctx))}"
                )
            if "--help" not in args and not is_project(PROJECT):
                ctx.fail(
                    f"{PROJECT} is no clone of this project, and in none: call the command in one, "
                    f"or name it with --project-dir or {PROJECT_DIR}"
                )
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - as click calls it
    if not wanted or ctx.resilient_parsing:
        return
    from importlib import metadata

    click.echo(f"{PROGRAM} {metadata.version(PROGRAM)}, commit {code_version()}")
    ctx.exit()


def _use_project(ctx: click.Context, _: click.Parameter, folder: Path | None) -> None:
    if folder is None or ctx.resilient_parsing:
        return
    if not is_project(folder):
        raise click.BadParameter(
            f"{folder} is no clone of this project: it has no dbt_project.yml of its name"
        )
    if folder != PROJECT:
        _start_again(folder)


def _start_again(project: Path) -> NoReturn:
    """Replace this process by the same command in another project, whose folder modules import."""
    command = [sys.executable, "-c", "from python_scoring.__main__ import main; main()"]
    library = str(Path(__file__).resolve().parents[2])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
    moved = {PROJECT_DIR: str(project), "PYTHONPATH": os.pathsep.join(paths)}
    os.execve(sys.executable, [*command, *sys.argv[1:]], {**os.environ, **moved})  # noqa: S606 - this Python, without a shell


@click.group(cls=Commands, epilog=f"\b\nExit codes:{_EXIT_CODES}")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version and the commit, and exit.",
)  # fmt: skip
@click.option(
    "--project-dir", type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    is_eager=True, expose_value=False, callback=_use_project,
    help="Clone of the project; by default that of the installed code, else the one around the"
    " current folder.",
)  # fmt: skip
def commands() -> None:
    """Governed batch inference for customer models.

    `dbt build` is the scheduled job; this is the rest.

    \b
    Example:
      customer-predictions doctor --quick
    """
    anchor_data_folders(Path.cwd())


def anchor_data_folders(current: Path) -> None:
    """Make RAW_DATA and WAREHOUSE absolute where the command is called outside of the project.

    dbt runs in the project's folder. A relative value is relative to where the user is, and a
    folder that no variable names is the project's own.
    """
    if current.resolve() == PROJECT:
        return
    for name, default in DATA_FOLDERS.items():
        value = os.environ.get(name)
        if not value or "://" not in value:
            os.environ[name] = str(current / value if value else PROJECT / default)


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
    products.commission,
    runs.backfill,
    runs.replay,
    runs.trace,
    runs.explain,
    consumers.data_contracts,
    consumers.serve,
    consumers.notify,
    reports.status,
    reports.report,
    reports.docs,
    privacy.erase,
    recovery.connect,
    recovery.doctor,
    recovery.repair,
):
    commands.add_command(command)


def main() -> None:
    """Run a command; a known error is printed as a readable message and sets the exit code.

    Raises KeyboardInterrupt where a signal asked it to end.
    """
    is_interrupted = heed_interrupts()
    try:
        commands(prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(exit_code(error))
    except click.Abort as error:  # raised by click for Ctrl-C
        raise KeyboardInterrupt from error
    except PredictionError as error:
        echo_error(error)
        sys.exit(exit_code(error))
    except Exception as error:
        if is_interrupted():
            raise KeyboardInterrupt from error
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
