"""Only rows before the as-of that were loaded before its data cutoff count."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from python_scoring.project import PROJECT
from tests.support.project import NOW, PREDICTIONS, PRODUCTS, Project

HAPPENED_AT = {"customers": "signed_up_at", "orders": "ordered_at", "events": "occurred_at"}


LAG = timedelta(hours=6)


# Whole minutes, so that as-ofs fall inside a day as well as on midnight.
AS_OFS = st.lists(
    st.datetimes(datetime(2026, 2, 1), datetime(2026, 11, 20)).map(
        lambda moment: moment.replace(second=0, microsecond=0)
    ),
    min_size=2,
    max_size=2,
    unique=True,
)


def everything(project: Project) -> dict[str, pd.DataFrame]:
    """All that a build promises to reproduce, as text, in a fixed order of rows."""
    tables = {"snapshot_manifest": "lake.operations.snapshot_manifest"}
    sorted_by = {"snapshot_manifest": "as_of"}
    for product in PRODUCTS:
        tables[product] = f"lake.predictions.predictions_{product}"
        sorted_by[product] = "as_of, customer_id"
    frames = {
        name: project.frame(f"select columns(*)::text from {table} order by {sorted_by[name]}")
        for name, table in tables.items()
    }
    manifest = frames["snapshot_manifest"]
    frames["snapshot_manifest"] = manifest.drop(
        columns=["invocation_id", "code_version"]
    )  # who built it, not what
    frames["features"] = project.frame(
        "select columns(*)::text from lake.features.feature_snapshots order by as_of, customer_id"
    )
    return frames


def assert_identical(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> None:
    """Equal to the last byte, column by column, so that a failure names the feature."""
    assert left.keys() == right.keys()
    for table, frame in left.items():
        assert len(frame) == len(right[table]), table
        for column in frame.columns:
            pd.testing.assert_series_equal(
                frame[column], right[table][column], check_exact=True, obj=f"{table}.{column}"
            )


def at(frames: dict[str, pd.DataFrame], as_of: datetime) -> dict[str, pd.DataFrame]:
    """The part of each table that belongs to one as-of."""
    return {
        name: frame[frame["as_of"] == str(as_of)].reset_index(drop=True)
        for name, frame in frames.items()
    }


def disturb(raw: Path, out: Path, late_share: int, delay_hours: int, moved_share: int) -> None:
    """Raw data with more late loads, and corrections that move an order in time."""
    out.mkdir(parents=True)
    with duckdb.connect() as connection:
        for table, happened_at in HAPPENED_AT.items():
            key = "customer_id" if table == "customers" else f"{table[:-1]}_id"
            connection.execute(
                f"""
                copy (
                    with disturbed as (
                        select * replace (
                            case when md5_number_lower({key}) % 100 < {late_share}
                                then loaded_at + to_hours({delay_hours}) else loaded_at
                            end as loaded_at
                        ) from read_parquet('{raw}/{table}.parquet')
                    )
                    select * from disturbed
                    union all
                    select * replace (
                        {happened_at} + interval 30 day as {happened_at},
                        greatest(loaded_at, {happened_at} + interval 30 day) as loaded_at
                    )
                    from disturbed
                    where md5_number_upper({key}) % 100 < {moved_share}
                ) to '{out}/{table}.parquet' (format parquet)
                """
            )


def truncate(raw: Path, out: Path, as_of: datetime) -> None:
    """What was there at the as-of's data cutoff, without keys that lie ahead in their last version.

    An older version of such a key is replaced by it, and does not count in its stead.
    """
    out.mkdir(parents=True)
    with duckdb.connect() as connection:
        for table, happened_at in HAPPENED_AT.items():
            key = "customer_id" if table == "customers" else f"{table[:-1]}_id"
            connection.execute(
                f"""
                copy (
                    select * from read_parquet('{raw}/{table}.parquet')
                    where loaded_at < timestamp '{as_of + LAG}'
                    qualify (max((loaded_at, {happened_at})) over (partition by {key}))[2]
                        < timestamp '{as_of}'
                ) to '{out}/{table}.parquet' (format parquet)
                """
            )


@pytest.mark.slow
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a build is too slow to shrink with
    suppress_health_check=list(HealthCheck),
)
@given(
    as_ofs=AS_OFS,
    late_share=st.integers(5, 40),
    delay_hours=st.integers(1, 24 * 20),
    moved_share=st.integers(1, 20),
)
def test_the_future_changes_nothing(
    demo_raw: Path,
    tmp_path_factory: pytest.TempPathFactory,
    as_ofs: list[datetime],
    late_share: int,
    delay_hours: int,
    moved_share: int,
) -> None:
    """Cutting all sources off at an as-of changes no byte of its features and predictions."""
    folder = tmp_path_factory.mktemp("point_in_time")
    disturb(demo_raw, folder / "raw", late_share, delay_hours, moved_share)
    whole = Project(PROJECT, folder / "raw", folder / "whole", folder / "target")
    days = ",".join(as_of.isoformat() for as_of in as_ofs)
    whole.build(*PREDICTIONS, env={"PREDICTION_AS_OF": days})
    found = everything(whole)
    for number, as_of in enumerate(as_ofs):
        truncate(folder / "raw", folder / f"raw_{number}", as_of)
        cut = Project(
            PROJECT, folder / f"raw_{number}", folder / f"cut_{number}", folder / "target"
        )
        cut.build(*PREDICTIONS, env={"PREDICTION_AS_OF": as_of.isoformat()})
        expected = at(found, as_of)
        assert len(expected["features"]) > 0
        assert all(len(expected[product]) > 0 for product in PRODUCTS)
        assert_identical(expected, everything(cut))


@pytest.mark.slow
def test_a_rerun_gives_the_same_bytes(built: Project, demo_raw: Path, tmp_path: Path) -> None:
    """Another warehouse, order of rows, split of files and number of threads: the same bytes."""
    raw = tmp_path / "raw"
    with duckdb.connect() as connection:
        for table in HAPPENED_AT:
            (raw / table).mkdir(parents=True)
            file = f"{demo_raw}/{table}.parquet"
            source = f"(select *, row_number() over () as row from read_parquet('{file}'))"
            for part in range(3):
                connection.execute(
                    f"copy (select * exclude (row) from {source} where row % 3 = {part} "
                    f"order by md5(row::text)) to '{raw}/{table}/part-{part}.parquet' "
                    "(format parquet)"
                )
    again = Project(PROJECT, raw, tmp_path / "warehouse", built.target)
    threads = {"DUCKDB_THREADS": "3", "OMP_NUM_THREADS": "1"}
    again.build(*PREDICTIONS, env={"PREDICTION_NOW": NOW, **threads})
    assert_identical(everything(built), everything(again))
