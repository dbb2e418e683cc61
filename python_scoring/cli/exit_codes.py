"""Exit codes of every command, and the errors that lead to them."""

from enum import IntEnum

import click

from python_scoring.errors import ArgumentError


class ExitCode(IntEnum):
    """Outcome of a command, for the shell and the scheduler that started it."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed, refused or interrupted",
    ExitCode.WRONG_USAGE: "wrong usage: an argument is unknown, missing or malformed",
}


def exit_code(error: Exception) -> ExitCode:
    """The exit code of a command that ended with this error."""
    if isinstance(error, (click.UsageError, ArgumentError)):
        return ExitCode.WRONG_USAGE
    return ExitCode.FAILED
