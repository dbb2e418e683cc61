"""Clocks that go back, leap days, years' ends, zones with summer time, months without a build."""

from functools import partial

from python_scoring.warehouse import Warehouse, connect_lake
from tests.resilience.trials import (
    THIRD,
    TRACEBACK,
    Bench,
    Result,
    published,
    served,
    timed,
    trial,
)
from tests.support.project import PRODUCTS, Project

MOMENTS = {
    "clock back a day": "2026-11-23T07:00:00",
    "clock back a year": "2025-11-24T07:00:00",
    "leap day": "2028-02-29T07:00:00",
    "year's end": "2026-12-31T23:59:59",
    "first of the year": "2027-01-01T00:00:00",
    "400 days without a build": "2027-12-29T07:00:00",
}
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")
# Beside the slots, and where clocks change in those zones.
INSTANTS = (
    "2026-11-24 06:59:59", "2026-11-24 07:00:00", "2026-11-25 06:00:00", "2026-11-25 06:30:00",
    "2027-03-14 06:59:59", "2027-03-14 07:00:00", "2027-03-28 00:59:59", "2027-03-28 01:00:00",
    "2027-04-03 14:59:59", "2027-04-03 15:00:00", "2027-10-31 00:30:00", "2027-11-07 05:30:00",
)  # fmt: skip


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
    return [*results, *zones(bench)]


def zones(bench: Bench) -> list[Result]:
    """Machines and readers in zones with summer time: the same predictions, the same freshness."""
    results = []
    for zone in ZONES:
        built = Result(f"a build in the zone {zone}", tried=1)
        with trial(bench) as project:
            build = project.build(env={**THIRD, "TZ": zone}, check=False)
            is_same = published(project) == bench.third_digests
            built.survived = int(build.returncode == 0 and is_same)
            built.wrong = int(not is_same)
        results.append(built)
    read = Result("readers' zones, over the changes of the clock")
    for instant in INSTANTS:
        expected = freshness(bench.intact, instant, "UTC")
        for zone in ZONES:
            read.tried += 1
            is_same = freshness(bench.intact, instant, zone) == expected
            read.survived += is_same
            read.wrong += not is_same
            read.message = read.message if is_same else f"{zone} at {instant}"
    return [*results, read]


def freshness(project: Project, instant: str, zone: str) -> list[tuple[object, ...]]:
    """What a session in a zone reads of age and freshness at an instant."""
    columns = "as_of, predicted_at, age_hours, fresh_until, freshness, served_as, action_allowed"
    with connect_lake(Warehouse(project.warehouse)) as lake:
        lake.execute("set variable prediction_now = ?", [instant])
        lake.execute(f"set timezone = '{zone}'")
        return [
            row
            for product in PRODUCTS
            for row in lake.execute(
                f"select distinct {columns} from lake.marts.{product}_predictions_v1 order by all"
            ).fetchall()
        ]
