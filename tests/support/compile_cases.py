"""Compiles changed copies of a file one after the other, in one process.

Called as `tests.support.compile_cases CASES MESSAGES`, in the project's folder: CASES has, by the
name of the case, a file and its changed text, and MESSAGES gets what dbt says to it, empty where it
is content.
"""

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner


def compiled() -> str:
    """Compile what reads every exposure and every contract; the message where that fails."""
    read = ["consumer_contracts", "prediction_contracts"]
    flags = ["--quiet", "--no-write-json", "--no-populate-cache"]
    result = dbtRunner().invoke([*flags, "compile", "--select", *read])
    if result.success:
        return ""
    results = getattr(result.result, "results", [])
    said = [str(result.exception or ""), *(str(node.message) for node in results)]
    return " ".join(" ".join(said).split())


def main(cases: Path, messages: Path) -> None:
    """Compile each case and undo it."""
    said = {}
    for case, (name, text) in json.loads(cases.read_text()).items():
        file = Path(name)
        before = file.read_text()
        file.write_text(text)
        said[case] = compiled()
        file.write_text(before)
    messages.write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
