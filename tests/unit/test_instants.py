"""ISO instants of variables and the environment, as macros/environment/clock.sql reads them."""

import datetime
import re
from types import SimpleNamespace
from typing import Any

import pytest
import pytz
from jinja2 import Environment

from python_scoring.project import PROJECT


class CompilationError(Exception):
    """Stands for dbt's."""


class Returned(Exception):  # noqa: N818 - how dbt's macros return
    """The value of a macro."""


def parse(text: str) -> Any:
    """The value of the macro parse_instant."""

    def fail(message: str) -> None:
        raise CompilationError(message)

    def give(value: Any) -> None:
        raise Returned(value)

    environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701 - SQL
    environment.globals |= {
        "modules": SimpleNamespace(datetime=datetime, re=re, pytz=pytz),
        "exceptions": SimpleNamespace(raise_compiler_error=fail),
        "return": give,
    }
    source = (PROJECT / "macros/environment/clock.sql").read_text()
    with pytest.raises(Returned) as caught:
        environment.from_string(source).make_module().parse_instant(text, "as_of")  # type: ignore[attr-defined]
    return caught.value.args[0]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-02-29", datetime.datetime(2024, 2, 29)),
        ("2026-12-31T23:59:59Z", datetime.datetime(2026, 12, 31, 23, 59, 59)),
        ("2026-03-29T02:30:00+02:00", datetime.datetime(2026, 3, 29, 0, 30)),
    ],
)
def test_instants(text: str, instant: datetime.datetime) -> None:
    assert parse(text) == instant


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "2026-02-29", "2026-04-31T00:00:00", "2026-13-01", "0000-01-01",
     "2026-01-01T00:00:00+99:00", "2026-01-01T00:00:00+24:00", "2026-01-01T24:00:00", "today"],
)  # fmt: skip
def test_what_is_no_instant_is_named_with_the_format(text: str) -> None:
    with pytest.raises(CompilationError, match=re.escape(f"as_of: '{text}' is not an ISO instant")):
        parse(text)
