"""Digests of statements contain no value of a statement."""

import time

import pytest

from python_scoring.serving.log_lines import without_values

LOOKUP = "select * from serving.lookup_prediction('churn', {}, 'campaign')"


@pytest.mark.parametrize(
    "value",
    [
        "'C00011901'",
        "'O''Brien'",
        "E'C\\'1'",
        "'C:\\', ('C00011901'), '",
        "$$C00011901$$",
        "$id$it's C00011901$id$",
        "17850",
        "1.5e3",
        "'C1' -- of C1\n",
        "/* C00011901 */ 'C00011901'",
        "'line\nbreak'",
        "/* /* 1 */ C00011901 */ 'C00011901'",
        "'C00011901",
        "/* C00011901",
        "$x$C00011901",
    ],
)
def test_the_value_does_not_matter(value: str) -> None:
    shape = without_values(LOOKUP.format(value))
    assert "C" not in shape
    assert "17850" not in shape
    assert shape.startswith("select * from serving.lookup_prediction(?")


@pytest.mark.parametrize("part", ["'", "/*", "*/", '"', "$$", "$a$", "$é", "1.", "-", "' /* $a$ "])
def test_any_statement_is_parsed_in_linear_time(part: str) -> None:
    """A reader chooses it, and a build reads it."""
    many = "".join(f"{part}{number}" for number in range(100_000))
    started = time.process_time()
    for statement in (part * 1_000_000, many, many.replace("$", "$a"), f"/* /* */ {many} */"):
        without_values(statement)
    assert time.process_time() - started < 5


def test_statements_of_other_shapes_differ() -> None:
    """Names, parameters and operators remain."""
    shapes = [
        "select score from serving.churn_predictions_v1 where customer_id = ?",
        "select score from serving.churn_predictions_v2 where customer_id = ?",
        "select score from serving.churn_predictions_v1 where customer_id = $1",
        "select score from serving.churn_predictions_v1 where customer_id <> ?",
        'select "score" from serving.churn_predictions_v1 where customer_id = ?',
        """select "it's", "/*" from serving.churn_predictions_v1 where customer_id = ?""",
    ]
    assert [without_values(each) for each in shapes] == shapes
    assert without_values("select 'a', 12 from t limit 10") == "select ?, ? from t limit ?"
