"""Of what dbt says of a node that failed, the line that names the error."""

import re
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from jinja2 import Environment

from python_scoring.project import PROJECT


class Returned(Exception):  # noqa: N818 - dbt's `return`, which ends a macro
    """Carries the value."""


def error_line(message: str | None) -> Any:
    """The macro, in Jinja alone."""

    def end(value: Any) -> NoReturn:
        raise Returned(value)

    text = (PROJECT / "macros" / "operations" / "record_results.sql").read_text()
    names = {"return": end, "modules": SimpleNamespace(re=re)}
    template = Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(  # noqa: S701
        text, globals=names
    )
    with pytest.raises(Returned) as caught:
        template.make_module().error_line(message)  # type: ignore[attr-defined]
    return caught.value.args[0]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            (
                "Runtime Error in model rejected_records (models/staging/rejected_records.sql)\n"
                "  Invalid Input Error: Schema mismatch: column a is missing in b.parquet\n"
                "  If you are trying to read files with different schemas, try union_by_name=True"
            ),
            "Invalid Input Error: Schema mismatch: column a is missing in b.parquet",
        ),
        (
            (
                "Runtime Error in model candidates_clv (models/products/clv/candidates_clv.py)\n"
                "  Python model failed:\n"
                "  Traceback (most recent call last):\n"
                "    raise ValueError(\n"
                "  ValueError: Input X contains NaN.\n"
                "  The above exception was the direct cause of the following exception:\n"
                "  python_scoring.errors.ScoringError: clv 2.0.0: Input X contains NaN.\n"
                "  LinearRegression does not accept missing values encoded as NaN natively.\n"
                "  https://scikit-learn.org/stable/modules/impute.html"
            ),
            "ScoringError: clv 2.0.0: Input X contains NaN.",
        ),
        (
            (
                "Compilation Error in model plan (models/plan.sql)\n"
                "  the contract of clv lacks unit\n  \n"
                "  > in macro contract (macros/contracts.sql)\n  > called by model plan"
            ),
            "the contract of clv lacks unit",
        ),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        ("one\ntwo", "two"),
        ("", "no message"),
        (None, "no message"),
    ],
)
def test_the_error_is_found_among_advice(message: str | None, line: str) -> None:
    assert error_line(message) == line
