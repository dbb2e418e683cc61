"""Raw files that are broken at random: a refusal that names the file, or the right numbers."""

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd

from tests.resilience.trials import SECOND, TRACEBACK, Bench, Result, timed, trial
from tests.support.project import Project

FEATURES = ("--select", "+feature_snapshots")


def _text(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del frame, chance
    path.write_text("this is no table\n" * 20)


def _empty(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del frame, chance
    path.write_bytes(b"")


def _dangling(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del frame, chance
    path.symlink_to(path.with_name("nowhere"))


def _loop(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del frame, chance
    path.symlink_to(path)


def _folder(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del frame, chance
    path.mkdir()


def _truncated(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    frame.to_parquet(path)
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def _overwritten(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    frame.to_parquet(path)
    content = bytearray(path.read_bytes())
    start = chance.randrange(len(content) // 2)
    content[start : start + 2_000] = b"\xff" * 2_000
    path.write_bytes(content)


def _column_lost(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    frame.drop(columns=chance.choice(["order_id", "customer_id", "amount"])).to_parquet(path)


def _nested(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del chance
    frame.assign(amount=pd.Series([[1]] * len(frame), index=frame.index)).to_parquet(path)


def _latin(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del chance
    csv = path.with_suffix(".csv")
    frame.assign(order_id="é" + frame["order_id"]).to_csv(csv, index=False, encoding="latin-1")


def _ragged(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    csv = path.with_suffix(".csv")
    frame.to_csv(csv, index=False)
    lines = csv.read_text().splitlines()
    lines.insert(chance.randrange(1, len(lines)), 'a,b\n"never closed')
    csv.write_text("\n".join(lines))


def _strings(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del chance
    frame.astype("string").to_parquet(path)


def _doubles(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del chance
    frame.assign(amount=frame["amount"].astype(float)).to_parquet(path)


def _zoned(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    del chance
    zoned = frame["ordered_at"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    frame.assign(ordered_at=zoned).to_parquet(path)


def _shuffled(frame: pd.DataFrame, path: Path, chance: random.Random) -> None:
    frame.sample(frac=1, random_state=chance.randrange(1000))[frame.columns[::-1]].to_parquet(path)


# Whether the rows are all usable: then features must come out as from the intact file.
BREAKS: dict[str, tuple[Callable[[pd.DataFrame, Path, random.Random], None], bool]] = {
    "no Parquet": (_text, False),
    "empty": (_empty, False),
    "a dangling link": (_dangling, False),
    "a link to itself": (_loop, False),
    "a folder": (_folder, False),
    "truncated": (_truncated, False),
    "overwritten within": (_overwritten, False),
    "without a column": (_column_lost, False),
    "a list for an amount": (_nested, False),
    "Latin-1": (_latin, False),
    "ragged CSV": (_ragged, False),
    "all text": (_strings, True),
    "amounts in floating point": (_doubles, True),
    "another time zone": (_zoned, True),
    "rows and columns shuffled": (_shuffled, True),
}


def broken_files(bench: Bench, count: int) -> list[Result]:
    """Break one of two files of orders; then put it right, and features must be as ever."""
    orders = pd.read_parquet(bench.intact.raw_data / "orders.parquet")
    results = {name: Result(f"raw file: {name}") for name in BREAKS}
    expected: str | None = None
    for number in bench.turns(range(count), least=len(BREAKS)):
        name = list(BREAKS)[number % len(BREAKS)]
        result = results[name]
        with trial(bench, empty=True) as project:
            raw = project.warehouse.parent / "raw"
            shutil.copytree(bench.intact.raw_data, raw)
            own = replace(project, raw_data=raw)
            (raw / "orders.parquet").unlink()
            (raw / "orders").mkdir()
            half = len(orders) // 2
            orders[:half].to_parquet(raw / "orders" / "1.parquet")
            broken = raw / "orders" / "2.parquet"
            if expected is None:
                expected = _expected(bench, orders)
            BREAKS[name][0](orders[half:], broken, bench.random)
            _judge(own, result, expected, orders[half:], is_usable=BREAKS[name][1])
    return [result for result in results.values() if result.tried]


def _expected(bench: Bench, orders: pd.DataFrame) -> str:
    with trial(bench, empty=True) as project:
        raw = project.warehouse.parent / "raw"
        shutil.copytree(bench.intact.raw_data, raw)
        own = replace(project, raw_data=raw)
        own.build(*FEATURES, env=SECOND | {"PREDICTION_AS_OF": "2026-11-24"})
        del orders
        return _features(own)


def _features(project: Project) -> str:
    return str(project.digest("(select * exclude (as_of) from lake.features.feature_snapshots)"))


def _judge(
    project: Project, result: Result, expected: str, rows: pd.DataFrame, *, is_usable: bool
) -> None:
    environment = SECOND | {"PREDICTION_AS_OF": "2026-11-24"}
    result.tried += 1
    build = project.build(*FEATURES, env=environment, check=False)
    lines = [line for line in build.stdout.splitlines() if "orders" in line]
    result.message = next((line for line in lines if "cannot" in line or "missing" in line), "")
    if TRACEBACK in build.stdout:
        result.message = "a traceback"
        return
    if build.returncode == 0:
        is_right = _features(project) == expected
        if is_right or not is_usable:
            result.survived += is_right or _rejects(project)
            result.wrong += not (is_right or _rejects(project))
        else:
            result.wrong += 1
        return
    if is_usable or "2." not in build.stdout:
        result.unnoticed += 1
        result.message = build.stdout[-200:]
        return
    for file in (project.raw_data / "orders").glob("2.*"):
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    rows.to_parquet(project.raw_data / "orders" / "2.parquet")
    again: list[int] = []
    result.seconds.append(
        timed(
            lambda: again.append(project.build(*FEATURES, env=environment, check=False).returncode)
        )
    )
    is_right = again == [0] and _features(project) == expected
    result.survived += is_right
    result.wrong += not is_right


def _rejects(project: Project) -> bool:
    [(rejected,)] = project.query(
        "select coalesce(sum(rejected_rows), 0) from lake.operations.landed_files"
    )
    return Decimal(rejected) > 0
