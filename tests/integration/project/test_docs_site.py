"""Docs site: its pages, links, reference, and the commands that they tell people to type."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from python_scoring.cli.main import PROGRAM, commands
from python_scoring.contracts.contract import Contract
from python_scoring.contracts.served_outputs import project_variables, served_outputs
from python_scoring.project import PROJECT
from tests.support.manifest import Manifest

MOST_README_LINES = 150
LINK = re.compile(r"(?<!`)\[[^\]]+\]\(([^)#\s]*)(#[^)\s]+)?\)")
EXAMPLE = re.compile(rf"{PROGRAM} (?![<-])([^#\n`&;|>]+)")


@pytest.fixture(scope="module")
def pages(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the site, as `make docs` has it written for mkdocs."""
    target = tmp_path_factory.mktemp("target")
    (target / "manifest.json").write_text(json.dumps(manifest))
    folder = target / "pages"
    arguments = ["docs", "--target", str(target), "--pages", str(folder)]
    result = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return folder


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as Python-Markdown makes them."""
    headings = re.findall(r"(?m)^#{1,6} (.+)$", re.sub(r"(?ms)^```.*?^```$", "", page.read_text()))
    return {
        "#" + re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower())
        for text in headings
    }


def test_every_link_leads_to_a_page_and_a_heading(pages: Path) -> None:
    """Of the written and of the generated pages, relative to where they stand in the site."""
    broken = []
    seen = 0
    for page in pages.rglob("*.md"):
        text = re.sub(r"(?ms)^```.*?^```$|^    .*?$", "", page.read_text())
        for path, anchor in LINK.findall(text):
            if path.startswith(("http:", "https:", "mailto:")):
                continue
            seen += 1
            found = (page.parent / path).resolve() if path else page
            if not found.exists() or (anchor and anchor not in anchors(found)):
                broken.append(f"{page.relative_to(pages)}: {path}{anchor}")
    assert seen > 60
    assert broken == []


def test_the_navigation_has_every_page(pages: Path) -> None:
    def files(entry: object) -> list[str]:
        if isinstance(entry, dict):
            return [file for value in entry.values() for file in files(value)]
        if isinstance(entry, list):
            return [file for value in entry for file in files(value)]
        return [str(entry)]

    named = files(yaml.safe_load((PROJECT / "mkdocs.yml").read_text())["nav"])
    assert sorted(named) == sorted(
        page.relative_to(pages).as_posix() for page in pages.rglob("*.md")
    )


def test_the_reference_is_complete(pages: Path, manifest: Manifest) -> None:
    """Every command, variable, served version, key of a contract, and column of a mart."""
    reference = pages / "reference"
    headings = anchors(reference / "commands.md")
    assert {f"#{name}" for name in commands.commands} <= headings
    assert {"#raw-accept", "#repair-catalogue"} <= headings
    variables = (reference / "variables.md").read_text()
    assert [name for name in project_variables() if f"| `{name}` |" not in variables] == []
    products = anchors(reference / "products.md")
    tables = (reference / "tables.md").read_text()
    for served in served_outputs(manifest):
        assert f"#{served.relation}" in products
        assert f"\n## lake.marts.{served.relation}\n" in tables
    for table in ("run_ledger", "incidents", "prediction_freshness", "access_log"):
        assert f"\n## lake.operations.{table}\n" in tables
    assert "| `action_allowed` |" in tables
    contract = (reference / "contract.md").read_text()
    assert [key for key in Contract.model_fields if f"| `{key}` |" not in contract] == []


def test_pages_never_replace_other_files(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.md").touch()
    arguments = ["docs", "--target", str(tmp_path), "--pages", str(mine)]
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 1
    assert "holds other files" in str(result.exception)
    assert (mine / "thesis.md").exists()


def test_every_command_in_the_docs_is_one(pages: Path) -> None:
    """Click accepts each command line that a page tells people to type; nothing is run."""
    seen, wrong = 0, []
    for page in [*pages.glob("*.md"), *pages.glob("reference/products.md")]:
        if page.name == "CHANGELOG.md":  # it has commands as they were
            continue
        for line in EXAMPLE.findall(page.read_text().replace("\\\n", " ")):
            words = shlex.split(line.replace("'", '"') if line.count("'") % 2 else line)
            seen += 1
            command: click.Command = commands
            while words and isinstance(command, click.Group) and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            if command is commands:
                wrong.append(f"{page.name}: {line}")
                continue
            options = {name for option in command.params for name in option.opts}
            wrong += [
                f"{page.name}: {line}: {word}"
                for word in words
                if re.fullmatch(r"--[a-z-]+", word) and word not in {*options, "--help"}
            ]
    assert seen > 40
    assert wrong == []


def test_every_make_target_in_the_docs_is_one(pages: Path) -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    for page in pages.glob("*.md"):
        text = page.read_text()
        named = set(re.findall(r"(?m)^    make ([a-z-]+)", text))
        named |= set(re.findall(r"`make ([a-z-]+)[^`]*`", text))
        assert named <= targets, page.name


def test_the_readme_is_short_and_shows_the_way() -> None:
    readme = (PROJECT / "README.md").read_text()
    assert len(readme.splitlines()) <= MOST_README_LINES
    for command in ("make build", "make test", "dbt build", "make docs"):
        assert command in readme
    linked = {path for path, _ in LINK.findall(readme)}
    pages = {f"docs/{page.name}" for page in (PROJECT / "docs").glob("*.md")}
    assert pages <= linked
