"""Reason of a failure: the first line of an error that says what is wrong.

DuckDB and scikit-learn put advice last, SQL errors end with a caret, and dbt begins with a heading.
"""

import re

# A line that says where something happened, and not what.
HEADING = re.compile(
    r"^((Runtime|Compilation|Database|Parsing|Dependency) Error"
    r"( in .*\(.*\))?|Python model failed:|Unhandled error while executing.*"
    r"|Traceback \(most recent call last\):|Error:?)$"
)
NOISE = re.compile(r"^(LINE \d+:.*|At:|>.*|[\s^~.|-]*)$")
RAISED = re.compile(r"^(?P<name>[A-Za-z_][\w.]*): (?P<text>\S.*)$")
OURS = "python_scoring.errors."
TRACEBACK = "Traceback (most recent call last):"
LONGEST = 1_000  # characters


def meaningful_line(message: str) -> str:
    """The first line of an error message that says what is wrong.

    Of a traceback it is the line of the last exception; the names of this library's own errors, and
    the modules of others, are left out. Never empty.
    """
    lines = message.strip().splitlines()
    starts = [number for number, line in enumerate(lines) if TRACEBACK in line]
    if starts:
        lines = _after_frames(lines[starts[-1] :])
    for line in lines:
        text = line.strip()
        if not HEADING.match(text) and not NOISE.match(text):
            return _without_module(text)[:LONGEST]
    return message.strip().partition("\n")[0][:LONGEST] or "no message"


def _after_frames(lines: list[str]) -> list[str]:
    """The lines of a traceback from its exception on: the first no deeper than its head."""
    depth = _depth(lines[0])
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() and _depth(line) <= depth:
            return lines[number:]
    return lines[-1:]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _without_module(text: str) -> str:
    found = RAISED.match(text)
    if not found:
        return text
    if text.startswith(OURS):
        return found["text"]
    name = found["name"].rpartition(".")[2]
    # `duckdb.IOException: IO Error: ...` says its kind twice.
    return (
        found["text"] if "." in found["name"] and " Error: " in text else f"{name}: {found['text']}"
    )
