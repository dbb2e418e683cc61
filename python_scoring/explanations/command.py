"""`explain`: the contribution of each feature to one prediction, from the recorded data.

The contributions are recomputed from the stored feature snapshot with the artifact of the run, so
that all features appear and not only the reason codes.
"""

import json
from dataclasses import asdict, dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from python_scoring.errors import ArtifactError, ScoringError
from python_scoring.explanations.explainers import explainer_for
from python_scoring.explanations.reason_codes import DECIMALS
from python_scoring.explanations.segments import RuleSegments, Segments
from python_scoring.explanations.wording import Wordings
from python_scoring.models import artifacts
from python_scoring.models.artifacts import Model
from python_scoring.models.predict import feature_frame, feature_projection
from python_scoring.models.registry import Registry
from python_scoring.warehouse import Warehouse, connect_lake
from python_scoring.warehouse.stored_predictions import Prediction, stored_prediction

BAR = 12


@dataclass(frozen=True)
class Told:
    """Feature of the customer: its value, its contribution to the raw score, and a sentence.

    `distance` is how far it is from the centre of the segment; None for other products.
    """

    feature: str
    value: float | str | None
    contribution: float
    text: str
    distance: float | None


@dataclass(frozen=True)
class Explanation:
    """Explanation of a prediction: `base` plus all contributions make the raw score.

    The largest contribution comes first.
    """

    prediction: Prediction
    artifact_sha256: str
    base: float
    features: list[Told]
    raw_score: float
    counted_from: str = "the average in the training"

    def to_json(self) -> str:
        """Return JSON for other programs; instants are ISO texts."""
        known = asdict(self.prediction)
        known["as_of"] = self.prediction.as_of.isoformat()
        known["reason_codes"] = json.loads(self.prediction.reason_codes or "null")
        rest = {key: value for key, value in asdict(self).items() if key != "prediction"}
        return json.dumps({**known, **rest}, indent=2, ensure_ascii=False)

    def to_text(self) -> str:
        """Return text for people: a line per feature, with a bar as long as its contribution."""
        prediction = self.prediction
        rows = [
            ("base", "", self.base, "", self.counted_from),
            *self._rows(),
            ("raw score", "", self.raw_score, "", "the sum"),
        ]
        names = max(len(name) for name, *_ in rows)
        values = max(len(value) for _, value, *_ in rows)
        lines = [
            f"{name:<{names}}  {value:>{values}}  {amount:>+14.{DECIMALS}f}  {bar:<{BAR}}  {text}"
            for name, value, amount, bar, text in rows
        ]
        title = (
            f"{prediction.product}: {prediction.label} ({prediction.score}) for customer "
            f"{prediction.customer_id} as of {prediction.as_of}"
        )
        source = (
            f"prediction {prediction.prediction_id} of run {prediction.run_id}, by "
            f"{prediction.product} {prediction.model_version}"
        )
        return "\n".join([title, source, "", *lines])

    def _rows(self) -> list[tuple[str, str, float, str, str]]:
        largest = max((abs(told.contribution) for told in self.features), default=0) or 1
        return [
            (
                told.feature,
                "-" if told.value is None else f"{told.value}",
                told.contribution,
                ("+" if told.contribution > 0 else "-")
                * round(BAR * abs(told.contribution) / largest),
                told.text + ("" if told.distance is None else f" ({told.distance:.2f} off centre)"),
            )
            for told in self.features
        ]


def explain(prediction_id: str, registry: Registry) -> Explanation:
    """Explain the prediction; reads the lake while builds may run.

    Raises InputError for an unknown id, ArtifactError if the artifact of the run is missing or
    changed, and ScoringError if the customer's features are gone or the model cannot be explained.
    """
    with connect_lake(Warehouse.from_environment()) as lake:
        prediction = stored_prediction(lake, prediction_id)
        model = _model(lake, prediction, registry)
        wordings = Wordings.of(
            lake.execute(
                "select name, data_type, wording from lake.features.feature_catalogue"
            ).fetchall()
        )
        names = [feature["name"] for feature in model.card.features]
        companions = [
            {"name": name, "type": "category" if wordings[name].is_category else "number"}
            for name in wordings.companions(names)
        ]
        row = _snapshot_row(lake, prediction, [*model.card.features, *companions])
    explainer = explainer_for(model)
    if explainer is None:
        raise ScoringError(
            f"{prediction.product} {prediction.model_version} cannot be explained: its model.json "
            "has no distribution of each feature in the training (reference.features)."
        )
    frame = feature_frame(row, model.card.features)
    contributions = explainer.contributions(frame)[0].tolist()
    centre: list[float | None] = [None] * len(names)
    counted_from = "the average in the training"
    if isinstance(explainer, RuleSegments):
        counted_from = "at the limit of another segment"
    if isinstance(explainer, Segments):
        counted_from = "as near to two segments"
        centre = explainer.distances(frame)[0].tolist()
    values = {**_values(frame), **_values(feature_frame(row, companions))}
    told = [
        Told(name, values[name], contribution, wordings.tell(name, values), distance)
        for name, contribution, distance in zip(names, contributions, centre, strict=True)
    ]
    return Explanation(
        prediction,
        model.artifact_sha256,
        explainer.base,
        sorted(told, key=lambda one: -abs(one.contribution)),
        explainer.base + sum(contributions),
        counted_from,
    )


def _model(lake: duckdb.DuckDBPyConnection, prediction: Prediction, registry: Registry) -> Model:
    row = registry.find(prediction.product, prediction.model_version)
    used = lake.execute(
        "select distinct artifact_sha256 from lake.operations.run_ledger "
        "where run_id = ? and artifact_sha256 is not null",
        [prediction.run_id],
    ).fetchall()
    if used and (row.artifact_sha256,) not in used:
        raise ArtifactError(
            f"{registry.models_file} has {prediction.product} {prediction.model_version} with "
            f"artifact_sha256 {row.artifact_sha256}, but the ledger says that run "
            f"{prediction.run_id} used {used[0][0]}. Restore the row and the artifact of the run."
        )
    return artifacts.load(row, registry.project)


def _snapshot_row(
    lake: duckdb.DuckDBPyConnection, prediction: Prediction, features: list[dict[str, str]]
) -> pa.RecordBatch:
    projection = ", ".join(feature_projection(features))
    batches = (
        lake.execute(
            f"""
            select {projection} from lake.features.feature_snapshots
            where as_of = ? and feature_version = ? and customer_id = ? and data_cutoff in (
                select data_cutoff from lake.operations.snapshot_manifest
                where feature_snapshot_id = ? and as_of = ?
            )
            """,  # noqa: S608 - the names are the project's own
            [
                prediction.as_of, prediction.feature_version, prediction.customer_id,
                prediction.feature_snapshot_id, prediction.as_of,
            ],
        )
        .to_arrow_table()
        .to_batches()
    )  # fmt: skip
    if not batches:
        raise ScoringError(
            f"lake.features.feature_snapshots has no row of {prediction.customer_id} as of "
            f"{prediction.as_of} in snapshot {prediction.feature_snapshot_id}: the customer was "
            "erased, or the snapshot was deleted. Restore it from a backup to explain the "
            "prediction."
        )
    return batches[0]


def _values(frame: pd.DataFrame) -> dict[str, float | str | None]:
    """Return the only row; whole numbers without decimals, missing values as None."""
    found: dict[str, float | str | None] = {}
    for name, column in frame.items():
        value = column.tolist()[0]
        if value is None or value != value:  # noqa: PLR0124 - NaN
            found[str(name)] = None
        else:
            is_whole = isinstance(value, float) and value.is_integer()
            found[str(name)] = int(value) if is_whole else value
    return found
