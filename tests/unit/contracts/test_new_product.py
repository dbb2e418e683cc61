"""Files of a new product, and refused names and texts."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from python_scoring.contracts.new_product import Texts, texts_of, write_product
from python_scoring.errors import ArgumentError
from python_scoring.project import PROJECT

TEXTS = Texts(
    title="Win-back value",
    meaning="Expected revenue: of customers # whom a campaign has won back. " * 3,
    population="Everybody who ever bought.",
    intended_use=["customer_reporting"],
    not_to_be_used_for="Prices.",
    known_limitations="None: {so far}.",
    uncertainty="Nine of ten.",
    default_reason="Spends nothing.",
    owner="crm",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("models", "seeds"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    return tmp_path


@pytest.mark.parametrize("source", ["churn", "clv", "segmentation"])
def test_the_contract_says_what_was_asked_for(project: Path, source: str) -> None:
    """Every text is written whatever it contains; the version is 1; the pattern stays unchanged."""
    before = texts_of(source, project)
    files = write_product("winback", source, TEXTS, project)
    written = texts_of("winback", project)
    assert written == replace(TEXTS, meaning=TEXTS.meaning.strip())
    assert texts_of(source, project) == before
    text = files[0].read_text()
    assert yaml.safe_load(text)["models"][0]["versions"] == [{"v": 1}]
    for file in files:
        assert source not in f"{file.name} {file.read_text()}".replace("_", " ").split()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Winback", "expected up to 30 small letters"),
        ("win-back", "expected up to 30 small letters"),
        ("2nd", "expected up to 30 small letters"),
        ("w" * 31, "expected up to 30 small letters"),
        ("clv", "is taken"),
        ("statistics", "is taken"),
        ("order", "is a reserved word"),
        ("select", "is a reserved word"),
        ("class", "is a reserved word"),
        ("no", "is a reserved word"),
        ("features", "is a reserved word"),
        ("marts", "is a reserved word"),
        ("references", "is a reserved word"),
        ("references_churn", "the project has training_references_churn"),
    ],
)
def test_a_bad_name_is_refused(project: Path, name: str, message: str) -> None:
    before = sorted(project.rglob("*"))
    with pytest.raises(ArgumentError, match=message):
        write_product(name, "clv", TEXTS, project)
    assert sorted(project.rglob("*")) == before


def test_everything_wrong_with_the_texts_is_said_at_once(project: Path) -> None:
    texts = replace(TEXTS, meaning="", owner="the team: crm", intended_use=["pricing"])
    with pytest.raises(ArgumentError) as error:
        write_product("winback", "clv", texts, project)
    assert "meaning is missing" in str(error.value)
    assert "owner is 'the team: crm'" in str(error.value)
    assert "intended_use names pricing; expected retention_campaign" in str(error.value)
    assert not (project / "models/products/winback").exists()


def test_an_unknown_pattern_is_refused(project: Path) -> None:
    with pytest.raises(ArgumentError, match="expected one of churn, clv, segmentation"):
        write_product("winback", "chrun", TEXTS, project)
