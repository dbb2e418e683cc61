"""Training data: features and labels at past as-ofs, built by dbt in a scratch warehouse.

The same models compute features for scoring, with the same data cutoffs.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict, cast

import duckdb
import pandas as pd

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.models.predict import feature_projection
from python_scoring.project import Manifest, feature_types, model_meta, run_dbt
from python_scoring.training import completeness
from python_scoring.warehouse import Warehouse, install_extensions


class Recipe(TypedDict, total=False):
    """Recipe of a reference model: config.meta.training of training_<product>.

    `settings` are arguments of the estimator. `monotonic` has 1 or -1 for features whose
    contribution may only rise or fall. `features` have `name` and `type` (`number`, `category`).
    """

    estimator: str
    settings: dict[str, Any]
    monotonic: dict[str, int]
    features: list[dict[str, str]]


@dataclass(frozen=True)
class Prepared:
    """Training data of all as-ofs, with the contract and recipe of the product.

    `frame` has as_of, customer_id, label and the features of the recipe, one row per as-of and
    eligible customer. `complete_until` is by raw table.
    """

    frame: pd.DataFrame
    contract: ScoringContract
    recipe: Recipe
    feature_version: str
    complete_until: dict[str, datetime]

    def has_labels(self, as_of: datetime) -> bool:
        """Whether the data hold features and label window of an as-of completely."""
        return self.missing(as_of, with_outcomes=True) is None

    def missing(self, as_of: datetime, *, with_outcomes: bool) -> str | None:
        """Return a sentence on what the data lack for an as-of; None if they are complete."""
        return completeness.missing(
            self.complete_until, self.contract, as_of, with_outcomes=with_outcomes
        )


def prepare(
    product: str,
    as_ofs: list[datetime],
    manifest: Manifest,
    contract: ScoringContract,
    scratch: Path,
    features: list[dict[str, str]] | None = None,
) -> Prepared:
    """Build feature snapshots and labels in the scratch warehouse `scratch`, and read them.

    `features` have `name` and `type`; by default they are those of the product's recipe.
    """
    build_training_data([product], as_ofs, scratch)
    return read_training_data(product, manifest, contract, scratch, features)


def build_training_data(products: list[str], as_ofs: list[datetime], scratch: Path) -> None:
    """Build feature snapshots and labels of products in the scratch warehouse, in one dbt build."""
    environment = {
        "WAREHOUSE": str(scratch),
        "SNAPSHOT_AS_OF": ",".join(as_of.isoformat() for as_of in as_ofs),
        "PREDICTION_AS_OF": "",
    }
    selected = [f"+training_{product}" for product in products]
    arguments = ["build", "--select", *selected, "--indirect-selection", "cautious"]
    arguments += ["--exclude-resource-type", "unit_test"]
    run_dbt([*arguments, "--target-path", str(scratch / "target")], environment, quiet=True)


def read_training_data(
    product: str,
    manifest: Manifest,
    contract: ScoringContract,
    scratch: Path,
    features: list[dict[str, str]] | None = None,
) -> Prepared:
    """Read what `build_training_data` built for a product; `features` as in `prepare`."""
    # A copy: the manifest stays as dbt wrote it, for another call.
    recipe = cast("Recipe", dict(model_meta(manifest, f"training_{product}", "training")))
    names_of_recipe = cast("list[str]", recipe["features"])
    recipe["features"] = features or _typed_features(names_of_recipe, manifest)
    names = ", ".join(feature_projection(recipe["features"]))
    warehouse = Warehouse(scratch)
    with duckdb.connect(str(warehouse.working_set), read_only=True) as connection:
        install_extensions(connection)
        connection.execute("set timezone = 'UTC'")
        connection.execute(warehouse.attach_sql(read_only=True))
        frame = connection.execute(
            f"""
            select training.as_of, training.customer_id, training.label, {names}
            from products.training_{product} as training
            inner join lake.features.feature_snapshots as snapshots
                on training.as_of = snapshots.as_of and training.customer_id = snapshots.customer_id
            order by training.as_of, training.customer_id
            """  # noqa: S608 - the names are the project's own
        ).df()
        until = completeness.complete_until(connection)
    feature_version = model_meta(manifest, "feature_snapshots", "feature_version")
    return Prepared(frame, contract, recipe, str(feature_version), until)


def frame_digest(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of ordered training rows as CSV: as-of, customer, label and features.

    Floats are written with 17 significant digits, which identify each double.
    """
    digest = hashlib.sha256()
    digest.update(frame.to_csv(index=False, float_format="%.17g").encode())
    return digest.hexdigest()


def _typed_features(names: list[str], manifest: Manifest) -> list[dict[str, str]]:
    types = feature_types(manifest)
    for name in names:
        if name not in types:
            raise TrainingError(
                f"the training recipe names the feature {name}, which "
                "models/features/_features__models.yml does not declare"
            )
    return [{"name": name, "type": types[name]} for name in names]
