"""Models hold the queries, macros hold expressions: the figures of the SQL keep their limits."""

import pytest

from benchmarks import figures


def test_the_figures_of_the_sql_keep_their_limits() -> None:
    """Twice as many lines in models as in macros, short pieces, no macro that is a query."""
    assert [str(figure) for figure in figures.figures() if not figure.is_kept] == []


@pytest.mark.parametrize(
    ("body", "is_query"),
    [
        ("select * from {{ relation }}", True),
        ("(\n    with a as (select 1)\n    select * from a\n)", True),
        ("{%- set a = 1 -%} select {{ a }} from orders", True),
        ("case when {{ a }} > 1 then 2 end", False),
        ("(select max(a)) + 1", False),
        ("insert into a select * from b", False),
        ("{{ return('select 1 from ' ~ a) }}", False),
    ],
)
def test_a_macro_that_is_a_query_is_found(body: str, is_query: bool) -> None:  # noqa: FBT001 - a case
    macro = f"{{% macro m(a) -%}}\n{body}\n{{%- endmacro %}}"
    assert figures.returns_query(macro) == is_query
