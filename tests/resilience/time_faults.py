"""Clocks that go back, leap days, years' ends, and months without a build."""

from functools import partial

from tests.resilience.trials import TRACEBACK, Bench, Result, served, timed, trial

MOMENTS = {
    "clock back a day": "2026-11-23T07:00:00",
    "clock back a year": "2025-11-24T07:00:00",
    "leap day": "2028-02-29T07:00:00",
    "year's end": "2026-12-31T23:59:59",
    "first of the year": "2027-01-01T00:00:00",
    "400 days without a build": "2027-12-29T07:00:00",
}


def clocks(bench: Bench) -> list[Result]:
    """Build at each moment, then at the proper time again: what was published stays as it is."""
    results = []
    for name, now in MOMENTS.items():
        result = Result(name, tried=1)
        with trial(bench) as project:
            build = project.build(env={"PREDICTION_NOW": now}, check=False)
            again = partial(project.build, env={"PREDICTION_NOW": now}, check=False)
            result.seconds.append(timed(again))
            kept = project.query(
                "select count(*) from lake.predictions.predictions_churn"
                " where as_of <= timestamp '2026-11-24'"
            )
            twice = project.query(
                "select count(*) from (select run_id, customer_id"
                " from lake.predictions.predictions_churn group by all having count(*) > 1)"
            )
            result.lost += kept[0][0] < bench.digests["churn"][0]
            result.wrong += twice[0][0] > 0
            if TRACEBACK in build.stdout or served(project) is None:
                result.message = build.stdout[-200:]
            elif not (result.lost or result.wrong):
                result.survived += 1
                lines = [line for line in build.stdout.splitlines() if "churn as of" in line]
                result.message = lines[0].split("  ", 1)[-1] if lines else ""
        results.append(result)
    return results
