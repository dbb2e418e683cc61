"""Compiles changed copies of a file, one after the other, in one process.

Called as `tests.support.compile_cases CASES MESSAGES` in the project's folder. CASES has a file and
its changed text by case name; MESSAGES gets dbt's message for each case, empty if it compiles.
"""

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner


def compiled() -> str:
    """Compile the models that read every exposure and contract; returns a failure's message."""
    read = ["consumer_contracts", "prediction_contracts"]
    flags = ["--quiet", "--no-write-json", "--no-populate-cache"]
    result = dbtRunner().invoke([*flags, "compile", "--select", *read])
    if result.success:
        return ""
    results = getattr(result.result, "results", [])
    said = [str(result.exception or ""), *(str(node.message) for node in results)]
    return " ".join(" ".join(said).split())


def main(cases: Path, messages: Path) -> None:
    """Compile each case and undo its change."""
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
