"""The trials of `make survive` at a size that every change can afford."""

import random
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from python_scoring.project import PROJECT
from tests.resilience.__main__ import BEGIN, END, write_tables
from tests.resilience.beside import is_same_but_for
from tests.resilience.bits import flip_bits
from tests.resilience.time_faults import INSTANTS, ZONES, freshness
from tests.support.project import PRODUCTS, Project

FLIPS = 40


@pytest.fixture
def copy(built: Project, tmp_path: Path) -> Project:
    """A copy of the built warehouse, as `cp -a` makes it."""
    shutil.copytree(built.warehouse, tmp_path / "warehouse")
    own = replace(built, warehouse=tmp_path / "warehouse")
    own.command("doctor")
    return own


def test_each_flipped_bit_is_noticed_or_changes_no_value(copy: Project) -> None:
    results = flip_bits(copy, random.Random(7), FLIPS)  # noqa: S311 - no secret
    assert sum(result.tried for result in results) == FLIPS
    assert [result.row() for result in results if not result.is_good] == []


def test_freshness_does_not_depend_on_the_readers_zone(built: Project) -> None:
    """Beside the slots, and where clocks change."""
    for instant in INSTANTS:
        expected = freshness(built, instant, "UTC")
        assert len(expected) == len(PRODUCTS)
        for zone in ZONES:
            assert freshness(built, instant, zone) == expected, (instant, zone)


def test_a_misspelt_variable_is_named_without_a_traceback(copy: Project) -> None:
    """Before anything is opened: what a mistake in a scheduler's environment says."""
    for name, value in {
        "MAINTENANCE": "of", "VERIFY_FILES": "yes", "DUCKDB_MEMORY_LIMIT": "4 apples",
        "WAIT_FOR_BUILD": "-1", "PREDICTION_NOW": "2026-02-30", "RAW_LOADED_AT": "yesterday",
    }.items():  # fmt: skip
        said = copy.dbt("show", "--inline", "select 1", env={name: value}, check=False)
        assert said.returncode != 0, (name, said.stdout)
        assert name in said.stdout
        assert "Traceback" not in said.stdout, (name, said.stdout)


def test_malformed_vars_are_named_together_by_a_build_that_reads_none_of_them(
    copy: Project,
) -> None:
    """With place, value and format, before anything is opened."""
    given = "{maintain_lake: x, earliest_credible_instant: 1990, now: '2026-01-05T06:00:00+99:00'}"
    said = copy.dbt("build", "--select", "model_pins", "--vars", given, check=False)
    assert said.returncode != 0
    assert "Traceback" not in said.stdout
    for finding in (
        "--vars.maintain_lake is x; expected every_days, keep_days and seconds",
        "--vars.earliest_credible_instant is 1990; expected an ISO instant, for example",
        "--vars.now is 2026-01-05T06:00:00+99:00; expected an ISO instant, for example",
    ):
        assert finding in said.stdout, said.stdout


def test_only_the_erased_person_may_vanish_from_an_open_transaction() -> None:
    before = [("a", 0.1), ("b", 0.2), ("c", 0.3)]
    without = [("a", 0.1), ("c", 0.3)]
    assert is_same_but_for(before, before, "b")
    assert is_same_but_for(before, without, "b")
    assert not is_same_but_for(before, without, None)
    assert not is_same_but_for(before, without, "a")
    assert not is_same_but_for(before, [("a", 0.1), ("c", 0.4)], "b")
    assert not is_same_but_for(before, [("a", 0.1)], "b")


def test_a_section_that_is_run_again_replaces_its_own_table_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\n\n{END}\n\nafter\n")
    write_tables(page, {"kill": "first"})
    write_tables(page, {"bits": "bits", "time": "time"})
    write_tables(page, {"kill": "second"})
    assert page.read_text() == (
        f"before\n\n{BEGIN}\n\n### Bits\n\nbits\n\n### Kill\n\nsecond\n\n### Time\n\ntime\n\n{END}"
        "\n\nafter\n"
    )


def test_the_runbook_restores_a_backup(copy: Project, tmp_path: Path) -> None:
    """Its commands, typed as they stand there, but for the build."""
    backup = tmp_path / "backup" / "warehouse"
    backup.mkdir(parents=True)
    shutil.copytree(copy.warehouse / "lake", backup / "lake")
    shutil.copy2(copy.warehouse / "lake.sqlite", backup)
    restored = replace(copy, warehouse=tmp_path / "restored")
    text = (PROJECT / "docs" / "runbook.md").read_text().partition("## Restore")[2]
    commands = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert commands[-1] == "dbt build"
    for line in commands[:-1]:
        typed = line.replace("NAME", "ana").replace("TEXT", "trial")
        program, *arguments = shlex.split(typed)
        if program == "customer-predictions":
            result = restored.command(*arguments)
            assert "DAMAGE" not in result.stdout
        else:
            subprocess.run(  # noqa: S602 - the runbook's own line
                typed.replace("/backup", str(tmp_path / "backup")),
                shell=True,
                check=True,
                env={"WAREHOUSE": str(restored.warehouse), "PATH": "/usr/bin:/bin"},
            )
    scores = "(select customer_id, score from lake.predictions.predictions_churn)"
    assert restored.digest(scores) == copy.digest(scores)
