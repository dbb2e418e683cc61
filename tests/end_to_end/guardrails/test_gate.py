"""Findings become outcomes: warnings, series of warnings, slots after a blocked one."""

from pathlib import Path

import duckdb
import pytest
import yaml

from python_scoring.project import PROJECT
from python_scoring.warehouse import Warehouse, prepare
from tests.support.faults import CANDIDATES, edit, rows
from tests.support.fixtures import Fresh
from tests.support.project import CHURN_RUN, PRODUCTS, Project, copy_of_project

CONTRACT = Path("models/products/churn/_churn__models.yml")


ALWAYS = "{warn_above: -1, reason: Always worth a look.}"


def override(folder: Path, checks: str, settings: str = "") -> Path:
    """Put lines into the churn contract's checks, and its check settings, of a project copy."""
    edit(folder, CONTRACT, " checks:\n", f" checks:\n            {checks}\n")
    if settings:
        edit(folder, CONTRACT, " check_settings:\n", f" check_settings:\n            {settings}\n")
    return folder


def outcome(project: Project, as_of: str) -> tuple[str, str]:
    [(status, reason)] = project.query(
        "select status, reason from lake.operations.run_states "
        f"where product = 'churn' and as_of = '{as_of}'"
    )
    return status, reason


@pytest.mark.slow
def test_a_warning_is_seen_and_blocks_when_it_stays(fresh: Fresh, tmp_path: Path) -> None:
    """It is in the log and in the ledger, and publishes; in the second batch in a row it blocks,
    where the contract says so.
    """
    folder = override(
        copy_of_project(tmp_path),
        f"labels_changed: {ALWAYS}",
        "warnings_block_after: {value: 2, reason: To be quick.}",
    )
    project = fresh(folder=folder)
    first = project.build(
        *CHURN_RUN, env={"PREDICTION_NOW": "2026-11-24T07:00:00"}, tests="verdicts"
    )
    status, reason = outcome(project, "2026-11-24")
    assert status == "published"
    assert "1 warned: labels_changed: " in reason
    assert reason in first.stdout
    second = project.build(
        *CHURN_RUN, env={"PREDICTION_NOW": "2026-11-25T07:00:00"}, tests="verdicts", check=False
    )
    assert second.returncode != 0
    status, reason = outcome(project, "2026-11-25")
    assert status == "quarantined"
    assert "A warning for 2 batches in a row, which blocks." in reason


@pytest.mark.slow
def test_slots_after_a_blocked_one_wait_for_the_next_build(fresh: Fresh, tmp_path: Path) -> None:
    """Of three slots in one build the second is bad: the third, compared with it, is postponed; the
    next build compares it with the first.
    """
    folder = copy_of_project(tmp_path)
    fault = rows("frame.assign(score=frame.score.where(frame.run_id != bad, 9.0))")
    fault(folder)
    which = "product = 'churn' and as_of = '2026-11-21'"
    bad = f"    bad = dbt.ref('due_runs').filter(\"{which}\").fetchone() or ['']\n"
    edit(
        folder,
        CANDIDATES,
        "    import pandas as pd\n",
        f"{bad}    bad = bad[0]\n    import pandas as pd\n",
    )
    project = fresh(folder=folder, empty=True)
    days = {
        "PREDICTION_NOW": "2026-11-23T07:00:00",
        "PREDICTION_AS_OF": "2026-11-20,2026-11-21,2026-11-22",
    }
    assert project.build(*CHURN_RUN, env=days, tests="verdicts", check=False).returncode != 0
    assert outcome(project, "2026-11-20")[0] == "published"
    assert outcome(project, "2026-11-21")[0] == "quarantined"
    status, reason = outcome(project, "2026-11-22")
    assert status == "failed"
    assert reason.startswith("postponed: an earlier slot of this build is quarantined")
    project.build(*CHURN_RUN, env=days, check=False)
    assert outcome(project, "2026-11-22")[0] == "published"
    [(former,)] = project.query(
        "select distinct cast(former.as_of as date)::text "
        "from lake.operations.label_migrations as m "
        "join lake.operations.run_states as own on m.run_id = own.run_id "
        "join lake.operations.run_states as former on m.former_run_id = former.run_id "
        "where own.as_of = '2026-11-22'"
    )
    assert former == "2026-11-20"


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_check_is_in_every_run(built: Project, product: str) -> None:
    """Each check with a default limit has a row, if only to say why it was not evaluated; limits of
    one product are in check_limits with the reason.
    """
    defaults = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["default_checks"]
    found = built.query(
        f"select distinct check_name from lake.operations.output_checks where product = '{product}'"
    )
    at_once = {name for name in defaults if not name.startswith("outcome_")}
    assert {name for (name,) in found} == at_once
    silent = built.query(
        "select check_name from lake.operations.output_checks where outcome = 'not_evaluated' "
        "and message not like 'Not evaluated: %' or message is null or length(message) < 20"
    )
    assert silent == []
    [(limits, reasons)] = built.query(
        "select count(distinct check_name), count(*) filter (where length(reason) > 20) - count(*) "
        f"from lake.operations.check_limits where product = '{product}'"
    )
    assert (limits, reasons) == (len(defaults), 0)


def test_generic_tests_find_what_they_are_for(fresh: Fresh, next_day: Project) -> None:
    """Rows of the lake are changed behind the project's back; each generic test sees its part."""
    project = fresh(after=next_day)
    warehouse = Warehouse(project.warehouse)
    with duckdb.connect() as connection:
        prepare(warehouse, connection)
        connection.execute(warehouse.attach_sql(read_only=False))
        newest = "lake.predictions.predictions_churn where as_of = '2026-11-24'"
        connection.execute(f"create temp table one as select * from {newest} limit 1")
        connection.execute("insert into lake.predictions.predictions_churn from one")
        connection.execute(f"update {newest.replace('where', 'set score = 7.5 where')}")
        connection.execute(
            "update lake.predictions.predictions_churn set label = null "
            "where customer_id = (select customer_id from one)"
        )
    asked_for = ("churn_predictions", "predictions_churn", "append_only_tables_keep_their_rows")
    result = project.dbt("test", "--select", *asked_for, check=False)
    assert result.returncode != 0
    verdicts = [line for line in result.stdout.splitlines() if " FAIL " in line or " WARN " in line]
    for verdict, name in (
        ("FAIL", "append_only_tables_keep_their_rows"),
        *[("FAIL", f"null_rate_below_churn_predictions_v{each}_label") for each in (1, 2)],
        *[("FAIL", f"unique_per_run_churn_predictions_v{each}_customer_id") for each in (1, 2)],
        *[("FAIL", f"value_in_contract_range_churn_predictions_v{each}_score") for each in (1, 2)],
        ("WARN", "stable_distribution_predictions_churn_score"),
    ):
        assert any(verdict in line and name in line for line in verdicts), name
    assert len(verdicts) == 8
