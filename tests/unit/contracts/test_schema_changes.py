"""Changes that break consumers, on made-up outputs."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_scoring.contracts import baseline
from python_scoring.contracts.schema_changes import Recorded, breaking_changes
from python_scoring.contracts.served_outputs import Column, Replacement, ServedOutput
from python_scoring.errors import InputError

TODAY = date(2026, 11, 25)


NOTICE = {"churn": 90}


FAR = TODAY + timedelta(days=90)


FILE = "models/products/churn/_churn__models.yml"


COLUMNS = (
    Column("customer_id", "text", "The customer."),
    Column("score", "double", "The score."),
    Column("reason_codes", "text", "Why.", nullable=True),
)


def served(version: int = 1, **changes: object) -> ServedOutput:
    found = ServedOutput(
        unique_id="model.customer_predictions.x",
        output="churn_predictions",
        version=version,
        relation=f"churn_predictions_v{version}",
        product="churn",
        kind="current",
        minor=0,
        deprecated_on=None,
        replaces=None,
        description="Churn risk.",
        columns=COLUMNS,
        tests=(),
        file=FILE,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def promised(found: ServedOutput) -> Recorded:
    return Recorded(found.output, found.version, found.minor, found.deprecated_on, found.columns)


def problems(before: list[ServedOutput], now: list[ServedOutput], today: date = TODAY) -> list[str]:
    return breaking_changes([promised(found) for found in before], now, today, NOTICE)


def successor(**changes: object) -> ServedOutput:
    replaces = Replacement(version=1, announced_on=TODAY, migration="reason_codes is JSON.")
    return served(2, replaces=replaces, **changes)


def test_a_removed_column_says_where_and_what_to_do() -> None:
    (problem,) = problems([served()], [served(columns=COLUMNS[:2])])
    assert problem.startswith(
        f"{FILE}: churn_predictions version 1: the column reason_codes (text) is gone"
    )
    for step in (
        "Put reason_codes back in version 1",
        "copy churn_predictions_v1.sql to churn_predictions_v2.sql",
        "`- v: 2`",
        "replaces: {version: 1, announced_on: 2026-11-25, migration",
        "give version 1 a deprecation_date of 2027-02-23 or later, 90 days",
        "contracts --accept",
    ):
        assert step in problem


def test_a_renamed_column_is_reported_as_renamed() -> None:
    renamed = (*COLUMNS[:2], Column("reasons", "text", "Why.", nullable=True))
    (problem,) = problems([served()], [served(columns=renamed, minor=1)])
    assert "the column reason_codes (text) seems renamed to reasons" in problem


def test_a_retyped_column_breaks() -> None:
    retyped = (*COLUMNS[:2], Column("reason_codes", "json", "Why.", nullable=True))
    (problem,) = problems([served()], [served(columns=retyped)])
    assert "the column reason_codes changed from text to json" in problem
    assert "Put reason_codes back to text in version 1" in problem


def test_the_spelling_of_a_type_is_no_change() -> None:
    before = served(columns=(*COLUMNS, Column("age_hours", "decimal(18, 2)", "Age.")))
    now = served(columns=(*COLUMNS, Column("age_hours", "DECIMAL(18,2)", "Age.")))
    assert problems([before], [now]) == []


def test_a_column_that_was_never_null_stays_so() -> None:
    nullable = (COLUMNS[0], replace(COLUMNS[1], nullable=True), COLUMNS[2])
    (problem,) = problems([served()], [served(columns=nullable)])
    assert "the column score may now be null" in problem
    assert problems([served(columns=nullable)], [served()]) == []


@pytest.mark.parametrize(("minor", "is_legal"), [(0, False), (1, True), (2, False)])
def test_a_new_column_raises_the_minor_number_by_one(minor: int, *, is_legal: bool) -> None:
    more = (*COLUMNS, Column("label", "integer", "New.", nullable=True))
    found = problems([served()], [served(columns=more, minor=minor)])
    assert (found == []) is is_legal
    assert is_legal or "Set config.meta.output_schema_minor to 1." in found[0]


def test_the_minor_number_does_not_fall() -> None:
    (problem,) = problems([served(minor=2)], [served(minor=1)])
    assert "was 1.2 and is 1.1" in problem


def test_a_version_may_be_removed_from_its_end_date_on() -> None:
    before = [served(deprecated_on=FAR), successor()]
    (problem,) = problems(before, [successor()], FAR - timedelta(days=1))
    assert "consumers were promised it until 2027-02-23" in problem
    assert problems(before, [successor()], FAR) == []


def test_a_version_without_an_end_date_cannot_be_removed() -> None:
    (problem,) = problems([served(), successor()], [successor()])
    assert "its end was never announced" in problem


def test_a_new_version_beside_the_old_one() -> None:
    assert problems([served()], [served(deprecated_on=FAR), successor()]) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (served(), successor(), "its deprecation_date is missing; expected 2027-02-23"),
        (served(deprecated_on=FAR), served(2), "does not say what it replaces"),
        (
            served(deprecated_on=FAR),
            served(2, replaces=Replacement(1, TODAY, "")),
            "migration is missing",
        ),
        (
            served(deprecated_on=FAR),
            served(2, replaces=Replacement(1, None, "Read it.")),
            "announced_on is missing",
        ),
        (
            served(deprecated_on=FAR),
            served(2, replaces=Replacement(5, TODAY, "Read it.")),
            "replaces version 5, which is not an older version of it; expected one of: 1.",
        ),
        (
            served(deprecated_on=FAR - timedelta(days=1)),
            successor(),
            "its deprecation_date is 2027-02-22",
        ),
    ],
)
def test_a_new_version_keeps_the_rules(old: ServedOutput, new: ServedOutput, message: str) -> None:
    assert any(message in problem for problem in problems([served()], [old, new]))


def test_an_end_moves_later_freely_and_earlier_only_with_notice() -> None:
    late, later = FAR + timedelta(days=30), FAR + timedelta(days=60)
    assert problems([served(deprecated_on=late)], [served(deprecated_on=later)]) == []
    assert problems([served(deprecated_on=late)], [served(deprecated_on=None)]) == []
    assert problems([served(deprecated_on=late)], [served(deprecated_on=FAR)]) == []
    soon = FAR - timedelta(days=1)
    (problem,) = problems([served(deprecated_on=late)], [served(deprecated_on=soon)])
    assert "moved from 2027-03-25 to 2027-02-22, less than the notice of 90 days" in problem


def test_a_version_may_replace_a_removed_one() -> None:
    assert problems([successor()], [successor()]) == []


names = st.sampled_from(["customer_id", "score", "label", "as_of", "run_id", "age_hours"])


types = st.sampled_from(["text", "double", "timestamp"])


columns = st.lists(
    st.builds(Column, names, types, st.just("Meaning."), st.booleans()),
    unique_by=lambda column: column.name,
    min_size=1,
).map(tuple)


@given(columns, columns, st.integers(0, 2))
def test_accepted_changes_keep_every_recorded_column(
    before: tuple[Column, ...], now: tuple[Column, ...], minor: int
) -> None:
    """There is no finding exactly if each recorded column is still there, unchanged."""
    found = problems([served(columns=before)], [served(columns=now, minor=minor)])
    after = {column.name: column for column in now}
    kept = all(
        column.name in after
        and after[column.name].data_type == column.data_type
        and (column.nullable or not after[column.name].nullable)
        for column in before
    )
    added = {column.name for column in now} - {column.name for column in before}
    assert (found == []) is (kept and minor in ({1} if added else {0, 1}))


@given(columns, st.integers(0, 3), st.none() | st.dates())
def test_the_baseline_reads_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    found: tuple[Column, ...],
    minor: int,
    deprecated_on: date | None,
) -> None:
    file = tmp_path_factory.mktemp("baseline") / "output_schemas.csv"
    output = served(columns=found, minor=minor, deprecated_on=deprecated_on)
    file.write_text(baseline.baseline_text([output]))
    (read,) = baseline.recorded_outputs(file)
    bare = tuple(replace(column, description="") for column in found)
    assert read == replace(promised(output), columns=bare)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("output,version\n", "the header is not output,version,output_schema_version"),
        ("{header}\na,one,1.0,,x,text,false\n", "line 2: version 'one' is not a number"),
        ("{header}\na,1,2.0,,x,text,false\n", "output_schema_version '2.0' is not 1"),
        ("{header}\na,1,1.0,soon,x,text,false\n", "deprecated_on is 'soon'"),
        ("{header}\na,1,1.0,,x,text,false\na,1,1.1,,y,text,false\n", "more than one"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "output_schemas.csv"
    with pytest.raises(InputError, match="does not exist"):
        baseline.recorded_outputs(file)
    file.write_text(text.format(header=",".join(baseline.HEADER)))
    with pytest.raises(InputError, match=r"output_schemas\.csv") as error:
        baseline.recorded_outputs(file)
    assert message in str(error.value)
