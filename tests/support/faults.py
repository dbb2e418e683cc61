"""Faults of the scoring code, edited into a copy of the project."""

from collections.abc import Callable
from pathlib import Path

CANDIDATES = Path("models/products/churn/candidates_churn.py")


def edit(folder: Path, file: Path, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text, file
    (folder / file).write_text(text.replace(old, new))


def rows(expression: str) -> Callable[[Path], None]:
    """Return a fault: `frame`, the scored rows, becomes `expression`."""

    def inject(folder: Path) -> None:
        edit(folder, CANDIDATES, "    return score_due_runs(", "    scored = score_due_runs(")
        with (folder / CANDIDATES).open("a") as code:
            code.write(
                "    import pandas as pd\n    import pyarrow as pa\n"
                "    frame = scored.read_all().to_pandas().sort_values('customer_id')\n"
                "    frame = frame.reset_index(drop=True)\n"
                f"    frame = {expression}\n"
                "    table = pa.Table.from_pandas(frame, scored.schema, preserve_index=False)\n"
                "    scores = pa.array(frame.score.to_numpy())  # else NaN would become null\n"
                "    return table.set_column(table.column_names.index('score'), 'score', scores)\n"
            )

    return inject
