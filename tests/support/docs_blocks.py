"""Blocks of README and docs: the commands, queries and settings that they have people type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from python_scoring.project import PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]

Kind = Literal["shell", "sql", "postgres", "python", "yaml", "output"]

# A line of a crontab: five fields, the folder, the command, the file of its output.
CRON = re.compile(r"^[\d*/]+ [\d*]+ \* \* \S+ cd \S+ && (?P<command>.+?) >> \S+ 2>&1$")
COMMENT = re.compile(r"\s+# .*$")
HEREDOC = re.compile(r"<<'?(?P<end>\w+)'?$")
VARIABLE = re.compile(r"^[A-Z_]+=\S")


@dataclass(frozen=True)
class Block:
    """Fenced or indented block of a page, without its indentation; `line` is its first one."""

    page: Path
    line: int
    kind: Kind
    text: str

    @property
    def place(self) -> str:
        """Page and line, for messages."""
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        start = number
        if fence := re.match(r"```(\w*)$", lines[number]):
            number = lines.index("```", number + 1)
            text = "\n".join(lines[start + 1 : number])
            yield Block(page, start + 2, _kind_of_fence(page, start, fence[1]), text)
        elif lines[number].startswith("    ") and not (number and lines[number - 1].strip()):
            while number < len(lines) and (lines[number][:4].isspace() or not lines[number]):
                number += 1
            text = "\n".join(line[4:] for line in lines[start:number]).rstrip()
            yield Block(page, start + 1, _kind_of_text(text), text)
            number -= 1
        number += 1


def _kind_of_fence(page: Path, start: int, language: str) -> Kind:
    kinds: dict[str, Kind] = {"sql": "sql", "python": "python", "yaml": "yaml"}
    if language not in kinds:
        raise ValueError(f"{page.name}:{start + 1}: expected a block of {', '.join(kinds)}")
    return kinds[language]


def _kind_of_text(text: str) -> Kind:
    if text.startswith("["):
        return "output"
    return "postgres" if text.startswith("set serving.") else "shell"


def commands(block: Block) -> Iterator[str]:
    """Yield the commands of a shell block as they are typed, each on one line but for heredocs.

    Comments are left out, and so is what a command prints, which follows after an empty line. Of a
    line of a crontab only the command is left, called by its name.
    """
    lines = iter(block.text.splitlines())
    for line in lines:
        if not line:
            return
        command = line
        if heredoc := HEREDOC.search(line):
            rest = []
            for inner in lines:
                rest.append(inner)
                if inner == heredoc["end"]:
                    break
            yield "\n".join([command, *rest])
            continue
        while command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {next(lines).strip()}"
        if scheduled := CRON.match(command):
            command = scheduled["command"].replace(".venv/bin/", "")
        yield " ".join(COMMENT.sub("", command).split())


def split(command: str) -> tuple[dict[str, str], list[str]]:
    """Split a simple command into the variables in front of it and its words."""
    words = shlex.split(command)
    variables = {}
    while words and VARIABLE.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    return variables, words
