"""Challengers: scored for comparison, never served, and without effect on the champion."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from python_scoring.models import artifacts
from python_scoring.models.artifacts import MODEL_FILE, ModelCard
from python_scoring.project import PROJECT
from python_scoring.scoring.candidates import score_due_runs
from python_scoring.scoring.challengers import score_challengers
from tests.support.artifacts import demo_artifact, rewrite
from tests.support.contracts import contract

# What a challenger does, without a build


class Tables:
    """The tables of one due run of churn, small and in memory."""

    def __init__(self) -> None:
        """The demo model is the champion."""
        self.engine = duckdb.connect()
        self.card = demo_artifact("churn")[1]
        scored = contract(
            eligible_population={"description": "x", "condition": "order_count_365d > 0"},
            labels=[{"name": "low", "below": 0.5}, {"name": "high"}],
        )
        features = ", ".join(
            f"cast(number % 7 * 5 as double) as {one['name']}" for one in self.card.features
        )
        self.runs = self.engine.sql(
            "select 'r1' as run_id, 'churn' as product, timestamp '2026-11-24' as as_of, "
            "timestamp '2026-11-24 06:00:00' as data_cutoff, '1.0.3' as model_version, "
            "'1.0' as output_schema_version"
        )
        self.registry = self.engine.read_csv(
            str(PROJECT / "seeds" / "model_registry.csv"), all_varchar=True
        )
        text = scored.model_dump_json()
        self.contracts = self.engine.sql(
            "select 'churn' as product, $text as contract_json", params={"text": text}
        )
        self.snapshots = self.engine.sql(
            "select timestamp '2026-11-24' as as_of, timestamp '2026-11-24 06:00:00' as "
            f"data_cutoff, '2.1.0' as feature_version, 'c' || number as customer_id, {features}, "
            "number % 2 as order_count_365d from generate_series(1, 40) as numbers (number)"
        )

    def register(self, version: str, file: Path, **columns: str) -> None:
        """A row for a version more."""
        changed = {"model_version": version, "artifact_path": str(file), **columns}
        said = ", ".join(f"'{value}' as {name}" for name, value in changed.items())
        churn = self.registry.filter("product = 'churn'")
        added = churn.query("churn", f"select * replace ({said}) from churn")
        self.registry = self.engine.from_df(pd.concat([self.registry.df(), added.df()]))

    def scored(self, *pins: tuple[str, str, str | None]) -> pd.DataFrame:
        """What the challengers make of it."""
        values = ", ".join(
            f"('churn', '{version}', timestamp '{start}', "
            + (f"timestamp '{end}')" if end else "cast(null as timestamp))")
            for version, start, end in pins
        )
        pinned = self.engine.sql(
            f"select * from (values {values}) "
            "as pins (product, model_version, pinned_from, pinned_until)"
        )
        found: pd.DataFrame = score_challengers(
            product="churn", runs=self.runs, pins=pinned, registry=self.registry,
            contracts=self.contracts, snapshots=self.snapshots,
        ).read_pandas()  # fmt: skip
        return found


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project folder with the demo model, to which a test adds others."""
    demo = Path("python_scoring") / "artifacts" / "churn" / "1.0.3"
    shutil.copytree(PROJECT / demo, tmp_path / demo)
    monkeypatch.setattr(artifacts, "PROJECT", tmp_path)


def test_a_challenger_scores_the_champions_customers(tmp_path: Path) -> None:
    """The same bytes under another version give the same scores, for the same customers."""
    tables = Tables()
    _, card, content = demo_artifact("churn")
    registered_by_hand(tables, tmp_path, replace(card, model_version="1.1.0"), content)
    columns = zip(tables.snapshots.columns, map(str, tables.snapshots.types), strict=True)
    wordless = pd.DataFrame(columns, columns=["name", "data_type"]).assign(wording=None)
    champion = score_due_runs(
        product="churn", runs=tables.runs, registry=tables.registry, contracts=tables.contracts,
        snapshots=tables.snapshots, feature_catalogue=tables.engine.from_df(wordless),
    ).read_pandas()  # fmt: skip
    found = tables.scored(("1.1.0", "2026-09-01", None))
    assert list(found["failure"].unique()) == [None]
    assert len(found) == 20
    same = ["run_id", "customer_id", "score", "label"]
    pd.testing.assert_frame_equal(found[same], champion[same])


@pytest.mark.parametrize(
    ("version", "start", "end"),
    [
        ("1.1.0", "2026-11-25", None),
        ("1.1.0", "2026-09-01", "2026-11-24"),
        ("1.0.3", "2026-09-01", None),
    ],
    ids=["later", "over", "the champion itself"],
)
def test_only_what_is_in_force_challenges(version: str, start: str, end: str | None) -> None:
    """From pinned_from on, until pinned_until, and never against itself."""
    assert Tables().scored((version, start, end)).empty


def look_ahead(tables: Tables, folder: Path) -> None:
    _, card, content = demo_artifact("churn")
    ahead = replace(card, model_version="1.1.0", label_window_closed_at="2026-12-24T00:00:00")
    registered_by_hand(tables, folder, ahead, content)


def registered_by_hand(tables: Tables, folder: Path, card: ModelCard, content: bytes) -> None:
    row = rewrite(folder, demo_artifact("churn")[0], card, content)
    tables.register(
        card.model_version,
        Path(row.artifact_path),
        artifact_sha256=row.artifact_sha256,
        training_config_sha256=row.training_config_sha256,
        feature_version=card.feature_version,
        output_schema_version=card.output_schema_version,
    )


def broken_artifact(tables: Tables, folder: Path) -> None:
    _, card, content = demo_artifact("churn")
    registered_by_hand(tables, folder, replace(card, model_version="1.1.0"), content)
    (folder / "artifact" / MODEL_FILE).write_bytes(content[:-1])


def other_schema(tables: Tables, folder: Path) -> None:
    _, card, content = demo_artifact("churn")
    other = replace(card, model_version="1.1.0", output_schema_version="2.0")
    registered_by_hand(tables, folder, other, content)


def other_features(tables: Tables, folder: Path) -> None:
    _, card, content = demo_artifact("churn")
    other = replace(card, model_version="1.1.0", feature_version="3.0.0")
    registered_by_hand(tables, folder, other, content)


def broken_contract(tables: Tables, folder: Path) -> None:
    """What fails while customers are read, and is no error of this library."""
    broken_artifact(tables, folder)
    (folder / "artifact" / MODEL_FILE).write_bytes(demo_artifact("churn")[2])
    broken = contract(
        eligible_population={"description": "x", "condition": "1 / 0 > error('full')"}
    )
    tables.contracts = tables.engine.sql(
        "select 'churn' as product, $text as contract_json",
        params={"text": broken.model_dump_json()},
    )


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (broken_artifact, "SHA-256"),
        (other_schema, "fills output schema 2.0"),
        (other_features, "feature_version 3.0.0"),
        (look_ahead, "would look ahead"),
        (broken_contract, "Error: |Exception: "),
        (lambda *_: None, "challenger_pins.csv pins churn 1.1.0, which has no row"),
    ],
)
def test_a_failing_challenger_is_a_row(
    tmp_path: Path, harm: Callable[[Tables, Path], None], reason: str
) -> None:
    """Whatever happens to it, it says so in one line, and raises nothing."""
    tables = Tables()
    harm(tables, tmp_path)
    found = tables.scored(("1.1.0", "2026-09-01", None))
    assert found[["run_id", "model_version"]].to_numpy().tolist() == [["r1", "1.1.0"]]
    assert found["failure"].str.contains(reason).all()
    assert found["customer_id"].isna().all()
