"""The runbook: a section for each cause of incidents, with all that somebody needs at night."""

import re

import pytest

from python_scoring.project import PROJECT

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()
PARTS = ("**You see**", "**Consumers get**", "```sql\nselect ", "**Type**")


def causes() -> list[str]:
    """The causes of incidents, from the macro that has a remedy for each."""
    macro = (PROJECT / "macros" / "operations" / "notifications.sql").read_text()
    return re.findall(r"(?m)^        '(\w+)': '", macro)


def section(cause: str) -> str:
    _, _, rest = RUNBOOK.partition(f"\n### {cause}\n")
    return re.split(r"(?m)^##", rest)[0]


def test_each_cause_of_incidents_has_a_section() -> None:
    """And nothing else has one. The table of incidents describes the same causes."""
    _, _, by_cause = RUNBOOK.partition("\n## Incident by cause\n")
    by_cause, _, _ = by_cause.partition("\n## ")
    assert re.findall(r"(?m)^### (\w+)$", by_cause) == causes()
    described = re.search(
        r"name: cause, data_type: text, description: \"(run_failed, .*)\.\"",
        (PROJECT / "models" / "operations" / "_operations__models.yml").read_text(),
    )
    assert described
    assert set(re.findall(r"\w+_\w+", described[1])) == set(causes())


@pytest.mark.parametrize("cause", causes())
def test_a_section_says_what_one_sees_gets_asks_and_types(cause: str) -> None:
    text = section(cause)
    assert [part for part in PARTS if part not in text] == []
    places = [text.index(part) for part in PARTS]
    assert places == sorted(places)
