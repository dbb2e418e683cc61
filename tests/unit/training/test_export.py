"""Training data as a file: the digest is that of its rows, whoever computes it."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from python_scoring.errors import InputError, TrainingError
from python_scoring.training import export
from python_scoring.training.data import frame_digest
from python_scoring.training.export import Exported, ExportRequest

FRAME = pd.DataFrame(
    {
        "as_of": pd.to_datetime(["2026-03-01", "2026-03-01"]).astype("datetime64[us]"),
        "customer_id": ["a", "b"],
        "label": [0.0, 1.0],
        "recency_days": [0.1, None],
        "country": ["GB", None],
    }
)


def written(out: Path) -> Exported:
    """The frame as a file."""
    found = Exported({"2026-03-01": 2}, frame_digest(FRAME), "2.0.0", "d")
    export._write(FRAME, ExportRequest("churn", [datetime(2026, 3, 1)], out), found)  # noqa: SLF001
    return found


def test_the_digest_of_a_file_is_that_of_its_rows(tmp_path: Path) -> None:
    """It is what the training records, it stands in the metadata, and one value changes it."""
    found = written(tmp_path / "churn.parquet")
    assert export.read_digest(tmp_path / "churn.parquet") == found.digest
    metadata = pq.read_metadata(tmp_path / "churn.parquet").metadata
    assert metadata[b"customer_predictions.training_data_digest"].decode() == found.digest
    assert frame_digest(FRAME.assign(label=[0.0, 0.0])) != found.digest
    assert [file.name for file in tmp_path.iterdir()] == ["churn.parquet"]


def test_a_future_as_of_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outcomes cannot be known, whatever the data are."""
    monkeypatch.setattr(export, "parsed_manifest", lambda _: pytest.fail("the work has begun"))
    monkeypatch.setenv("PREDICTION_NOW", "2026-11-23T07:00:00")
    as_ofs = [datetime(2026, 3, 1), datetime(2026, 9, 1)]
    said = r"--as-of 2026-09-01 00:00:00: its label window of 90 days is complete at 2026-11-30 "
    with pytest.raises(TrainingError, match=f"{said}.*Choose 2026-08-25 or earlier"):
        export.export_training_data(ExportRequest("churn", as_ofs, tmp_path / "churn.parquet"))


def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features at past as-ofs take minutes to build."""
    monkeypatch.setattr(export, "parsed_manifest", lambda _: pytest.fail("the work has begun"))
    out = tmp_path / "nowhere" / "churn.parquet"
    with pytest.raises(InputError, match=r"the folder \S+nowhere does not exist; create it first"):
        export.export_training_data(ExportRequest("churn", [datetime(2026, 3, 1)], out))
