"""Safe printing of text from others: ids and values of raw data, texts of models."""

import functools
import re
from collections.abc import Callable
from typing import Any

import click

# Control characters other than tabs and line breaks, and characters that change the direction of a
# line: a terminal obeys them.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return the text with terminal control characters spelled out, as `\x1b`."""
    return STEERING.sub(lambda found: repr(found[0])[1:-1], text)


def echo(text: str) -> None:
    """Print a text to the standard output."""
    click.echo(printable(text))


def progress(*, as_json: bool) -> Callable[[str], None]:
    """Return how a command prints its progress: to the standard error where it prints JSON."""
    return functools.partial(_echo_to, as_json)


def _echo_to(is_error: bool, text: str) -> None:  # noqa: FBT001 - bound by position
    click.echo(printable(text), err=is_error)


def print_json(content: Any) -> None:
    """Print what a command found as indented JSON, for other programs."""
    import json

    click.echo(json.dumps(content, indent=2, default=str))


def echo_error(error: Exception) -> None:
    """Print the message of an error to the standard error."""
    click.echo(f"Error: {printable(str(error))}", err=True)
