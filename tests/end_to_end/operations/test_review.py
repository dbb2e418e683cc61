"""Decisions about a run: release, withdrawal, republication."""

from pathlib import Path

import pytest

from tests.support.fixtures import NEXT_DAY, Fresh, copy_warehouse
from tests.support.project import CHURN, CHURN_RUN, Project, copy_of_project

pytestmark = pytest.mark.slow


def decide(project: Project, operation: str, run_id: str, *, check: bool = True) -> str:
    """Run an operation, a day later; the reason holds what YAML and SQL would stumble over."""
    arguments = f'{{run_id: \'{run_id}\', reason: "it\'s fine: \\"ok\\"", by: ana}}'
    result = project.dbt(
        "run-operation",
        operation,
        "--args",
        arguments,
        env={"PREDICTION_NOW": NEXT_DAY},
        check=check,
    )
    assert check or result.returncode != 0, result.stdout
    return result.stdout


def served(project: Project) -> list[tuple[str, str, str]]:
    return project.query(
        "select distinct run_id, cast(cast(as_of as date) as text), served_as "
        "from lake.marts.churn_predictions_v1",
        at=NEXT_DAY,
    )


def ledger(project: Project) -> list[tuple[str, str, int, str, str]]:
    """What people recorded: status, reason, rows, revision, who."""
    return project.query(
        "select run_id, status, rows_published, reason, recorded_by "
        "from lake.operations.run_ledger where recorded_by is not null order by entry"
    )


def with_a_limit_that_nothing_keeps(folder: Path) -> Path:
    """Edit the churn contract of a project copy, so that no healthy run passes."""
    file = folder / "models" / "products" / "churn" / "_churn__models.yml"
    before = file.read_text()
    limit = "score_psi: {block_above: -1, reason: Nothing keeps it.}"
    file.write_text(before.replace(" checks:\n", f" checks:\n            {limit}\n", 1))
    assert file.read_text() != before
    return folder


@pytest.fixture(scope="module")
def bad_day(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The next day's churn run is in quarantine. Tests work on a copy."""
    own = tmp_path_factory.mktemp("bad_day")
    copy_warehouse(built.warehouse, own / "warehouse")
    folder = with_a_limit_that_nothing_keeps(copy_of_project(own))
    project = Project(folder, built.raw_data, own / "warehouse", own / "target")
    project.build(*CHURN, env={"PREDICTION_NOW": NEXT_DAY}, check=False)
    return project


@pytest.fixture
def quarantined(fresh: Fresh, bad_day: Project) -> Project:
    """A project whose next day's churn run is in quarantine."""
    return fresh(after=bad_day)


def test_a_released_run_is_served(quarantined: Project) -> None:
    """Its rows reach consumers as they were scored; a second call changes nothing."""
    [(run_id, scored)] = quarantined.query(
        "select run_id, rows_scored from lake.operations.run_ledger where status = 'quarantined'"
    )
    columns = "* exclude (reasons)"
    waiting = quarantined.digest(f"(select {columns} from lake.predictions.quarantine_churn)")
    for _ in range(2):
        console = decide(quarantined, "release_run", run_id)
        assert served(quarantined) == [(run_id, "2026-11-24", "current")]
        assert ledger(quarantined) == [(run_id, "released", scored, 'it\'s fine: "ok"', "ana")]
        mine = f"(select * from lake.predictions.predictions_churn where run_id = '{run_id}')"
        assert quarantined.digest(mine) == waiting
    assert "is served already: nothing to do." in console
    build = quarantined.build(*CHURN_RUN, env={"PREDICTION_NOW": NEXT_DAY})
    assert "churn as of 2026-11-24 00:00:00: not due: published" in build.stdout


def test_a_withdrawn_run_disappears_at_once(fresh: Fresh, next_day: Project) -> None:
    """Consumers fall to the run before; the rows stay; a mistake is undone by a release."""
    project = fresh(after=next_day)
    [(run_id, _, _)] = served(project)
    [(former,)] = project.query(
        "select run_id from lake.operations.run_states where product = 'churn' "
        "and as_of = '2026-11-23'"
    )
    predictions = project.digest("lake.predictions.predictions_churn")
    for expected in ("is withdrawn: consumers are served the run as of 2026-11-23", "already"):
        assert expected in decide(project, "withdraw_run", run_id)
        assert served(project) == [(former, "2026-11-23", "last_known_good")]
        assert [status for _, status, *_ in ledger(project)] == ["withdrawn"]
    history = project.query(
        "select distinct is_withdrawn from lake.marts.churn_prediction_history_v1 "
        f"where run_id = '{run_id}'"
    )
    assert history == [(True,)]
    build = project.build(*CHURN_RUN, env={"PREDICTION_NOW": NEXT_DAY})
    assert "not due: withdrawn, waits for a republish" in build.stdout
    decide(project, "release_run", run_id)
    assert served(project) == [(run_id, "2026-11-24", "current")]
    assert project.digest("lake.predictions.predictions_churn") == predictions


def test_a_republished_slot_is_a_new_revision(fresh: Fresh, next_day: Project) -> None:
    """The next build computes the slot again, also one that is not the newest; the former revision
    stays in the history; asking twice, before or after the build, is asking once.
    """
    project = fresh(after=next_day)
    [(first,)] = project.query(
        "select run_id from lake.operations.run_states where product = 'churn' "
        "and as_of = '2026-11-23'"
    )
    newest = served(project)
    assert "as revision 1" in decide(project, "republish", first)
    assert "asked for already" in decide(project, "republish", first)
    assert served(project) == newest
    build = project.build(*CHURN_RUN, env={"PREDICTION_NOW": NEXT_DAY})
    assert "due: ana asked to republish it: it's fine" in build.stdout
    assert "asked for already" in decide(project, "republish", first)
    again = project.build(*CHURN, env={"PREDICTION_NOW": NEXT_DAY}, tests="all")
    assert "Nothing is due" in again.stdout
    revisions = project.query(
        "select distinct states.revision, history.run_id = ?, history.is_superseded, is_withdrawn "
        "from lake.marts.churn_prediction_history_v1 as history "
        "join lake.operations.run_states as states using (run_id) "
        "where history.as_of = '2026-11-23' order by 1".replace("?", f"'{first}'")
    )
    assert revisions == [(0, True, True, False), (1, False, False, False)]
    scores = "customer_id, score, label, model_version, feature_snapshot_id"
    of_slot = "from lake.predictions.predictions_churn where as_of = '2026-11-23' and run_id"
    assert project.digest(f"(select {scores} {of_slot} = '{first}')") == project.digest(
        f"(select {scores} {of_slot} <> '{first}')"
    )
    assert served(project) == newest


@pytest.mark.parametrize("operation", ["release_run", "withdraw_run", "republish"])
def test_wrong_calls_say_what_to_do(fresh: Fresh, operation: str) -> None:
    """A run that does not exist, or a missing argument: an error, and nothing changes."""
    project = fresh()
    before = project.digest("lake.operations.run_ledger")
    console = decide(project, operation, "no such run", check=False)
    assert "there is no run 'no such run' in lake.operations.run_ledger" in console
    result = project.dbt("run-operation", operation, "--args", "{by: ana}", check=False)
    assert result.returncode != 0
    assert f"{operation} lacks run_id. Call: dbt run-operation {operation} --args" in result.stdout
    assert project.digest("lake.operations.run_ledger") == before
    assert project.query("select count(*) from lake.operations.republish_requests") == [(0,)]


def test_operations_that_do_not_fit_the_run(quarantined: Project) -> None:
    """A run that was never served cannot be withdrawn."""
    [(run_id,)] = quarantined.query(
        "select run_id from lake.operations.run_ledger where status = 'quarantined'"
    )
    console = decide(quarantined, "withdraw_run", run_id, check=False)
    assert "is quarantined and was never served, so it cannot be withdrawn." in console


def test_an_operation_in_an_empty_warehouse_says_so(fresh: Fresh) -> None:
    """There is nothing to decide about."""
    console = decide(fresh(empty=True), "release_run", "any", check=False)
    assert "nothing was built in this warehouse; set WAREHOUSE, or run dbt build first." in console
