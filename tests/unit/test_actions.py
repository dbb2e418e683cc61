"""GitHub actions are named by commit, also in examples, because tags can be moved."""

import re

from python_scoring.project import PROJECT

USED = re.compile(r"\buses: *([\w./-]+)@([\w.-]+)")


def test_actions_are_named_by_commit() -> None:
    files = [*PROJECT.glob("*.md"), *PROJECT.glob(".github/**/*.yml")]
    used = [match for file in files for match in USED.findall(file.read_text())]
    assert used
    assert [match for match in used if not re.fullmatch("[0-9a-f]{40}", match[1])] == []
