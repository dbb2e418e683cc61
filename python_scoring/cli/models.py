"""Models: `train`, `fit`, `backtest`, `register`; their data, cards and feature version."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from python_scoring.cli.options import AS_JSON, INSTANT, PRODUCT
from python_scoring.cli.printing import print_json, progress

if TYPE_CHECKING:
    from python_scoring.models.artifacts import ModelCard


@click.command()
@click.argument("product", type=PRODUCT)
@click.option(
    "--as-of",
    "as_ofs",
    type=INSTANT,
    multiple=True,
    required=True,
    help="Training as-of; repeatable.",
)
@click.option("--model-version", required=True, help="Version of the new model, MAJOR.MINOR.PATCH.")
@click.option(
    "--calibrate-on",
    "calibrate_on",
    type=INSTANT,
    multiple=True,
    help="As-of to leave out for probabilities, level and bounds; repeatable. By default each of"
    " the training, or, within one horizon, when the last label window closes.",
)
@click.option(
    "--evaluate-on",
    type=INSTANT,
    help="As-of to judge on; by default when the last label window closes.",
)  # fmt: skip
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="Accept as-ofs within a horizon of those learned from; the card says so.",
)
@click.option("--pin-from", type=INSTANT, help="Pin the model from this as-of on.")
@click.option(
    "--pinned-by", default="training", show_default=True, help="Who decided, for the pin."
)
@click.option("--reason", default="reference training", show_default=True, help="Why, for the pin.")
@AS_JSON
def train(  # noqa: PLR0913 - one argument per option
    *,
    product: str,
    as_ofs: tuple[datetime, ...],
    model_version: str,
    calibrate_on: tuple[datetime, ...],
    evaluate_on: datetime | None,
    allow_overlap: bool,
    pin_from: datetime | None,
    pinned_by: str,
    reason: str,
    as_json: bool,
) -> None:
    """Train PRODUCT's reference model on past as-ofs, register it, and pin it if asked.

    \b
    Example:
      customer-predictions train churn --as-of 2026-03-01 --as-of 2026-05-30 --model-version 2.0.0
    """
    import json

    from python_scoring.clock import utc_now
    from python_scoring.models.card import write_model_card
    from python_scoring.models.registry import Registry, check_pin_texts
    from python_scoring.project import parsed_manifest
    from python_scoring.training.as_ofs import TrainingRequest
    from python_scoring.training.train import train

    check_pin_texts(pinned_by, reason)
    registry = Registry()
    request = TrainingRequest(
        product,
        list(as_ofs),
        model_version,
        list(calibrate_on),
        evaluate_on,
        pin_from,
        allow_overlap,
    )
    content, card = train(request, registry)
    folder = registry.add(content, card, utc_now())
    write_model_card(registry, product, model_version, parsed_manifest())
    if pin_from:
        registry.pin(card, pin_from, pinned_by, reason)
    if as_json:
        print_json({**_registered(card, folder, pin_from), "metrics": card.metrics})
        return
    click.echo(
        f"{product} {model_version}: {card.training_data['rows']:,} rows learned from; in {folder}"
    )
    tables = ("calibration", "before_calibration", "claims")
    click.echo(f"judged: {json.dumps({k: v for k, v in card.metrics.items() if k not in tables})}")
    if pin_from:
        click.echo(f"pinned from {pin_from}; review and commit seeds/ and {folder}")


def _registered(card: "ModelCard", folder: Path, pinned_from: datetime | None) -> dict[str, Any]:
    return {
        "product": card.product,
        "model_version": card.model_version,
        "folder": str(folder),
        "rows": card.training_data.get("rows"),
        "training_as_ofs": card.training_as_ofs,
        "pinned_from": pinned_from.isoformat() if pinned_from else None,
    }


@click.command()
@click.argument("products", nargs=-1, type=PRODUCT)
@click.option("--all", "all_products", is_flag=True, help="Every product of the project.")
@click.option("--by", "decided_by", required=True, help="Who pins the models.")
@click.option("--reason", required=True, help="Why, in a sentence.")
@AS_JSON
def fit(
    *, products: tuple[str, ...], all_products: bool, decided_by: str, reason: str, as_json: bool
) -> None:
    """Train a model of each of PRODUCTS on as-ofs that RAW_DATA allows, and pin it for review.

    Chooses monthly as-ofs, the last of them a horizon before the one that judges the model.
    Writes artifacts, registry rows and pins, and says how good each model is against recency
    alone. Exits with 1 if a product cannot be trained.

    \b
    Example:
      customer-predictions fit --all --by ana --reason "first models of our shop"
    """
    if all_products == bool(products):
        raise click.UsageError("expected the names of PRODUCTS, or --all for every one of them")

    from python_scoring.cli.printing import echo
    from python_scoring.errors import TrainingError
    from python_scoring.models.registry import Registry
    from python_scoring.onboarding.fit import fit, to_record, to_text
    from python_scoring.raw.files import raw_data_folder

    registry = Registry()
    say = progress(as_json=as_json)
    found = fit(list(products), raw_data_folder(), registry, (decided_by, reason), say)
    if as_json:
        print_json(to_record(found))
    else:
        echo(to_text(found, registry))
    if found.failed:
        raise TrainingError(f"not trained: {', '.join(found.failed)}; the lines above say why.")


@click.command("training-data")
@click.argument("product", type=PRODUCT)
@click.option(
    "--as-of", "as_ofs", type=INSTANT, multiple=True, required=True, help="As-of; repeatable."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The Parquet file.",
)
@click.option("--all-features", is_flag=True, help="Those of the catalogue, not of the recipe.")
@AS_JSON
def training_data(
    *, product: str, as_ofs: tuple[datetime, ...], out: Path, all_features: bool, as_json: bool
) -> None:
    """Write the point-in-time features and outcomes that PRODUCT's model would learn from.

    The digest that it prints ties a model trained elsewhere to these rows: register it with
    --training-data-digest.

    \b
    Example:
      customer-predictions training-data churn --as-of 2026-03-01 --out churn.parquet
    """
    from dataclasses import asdict

    from python_scoring.training.export import ExportRequest, export_training_data

    found = export_training_data(ExportRequest(product, list(as_ofs), out, all_features))
    if as_json:
        print_json({"file": str(out), **asdict(found)})
        return
    for as_of, rows in found.rows_per_as_of.items():
        click.echo(f"{as_of}: {rows:,} customers")
    click.echo(f"features {found.feature_version}, definitions {found.definitions_sha256}")
    click.echo(f"{out}: digest {found.digest}")


@click.command()
@click.argument("product", type=PRODUCT)
@click.option(
    "--model-version",
    "model_versions",
    multiple=True,
    required=True,
    help="Registered version; give a second one to compare it with the first.",
)
@click.option("--from", "since", type=INSTANT, required=True, help="First as-of.")
@click.option("--to", "until", type=INSTANT, required=True, help="Last as-of.")
@click.option(
    "--every",
    type=click.Choice(["day", "week", "month"]),
    default="month",
    show_default=True,
    help="Time between two as-ofs.",
)
@AS_JSON
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the JSON to a file too, for `report --backtest`.",
)
def backtest(
    *,
    product: str,
    model_versions: tuple[str, ...],
    since: datetime,
    until: datetime,
    every: str,
    as_json: bool,
    out: Path | None,
) -> None:
    """Measure one or two registered models of PRODUCT on past as-ofs, beside what came.

    Features are built in a scratch warehouse, as they were known. As-ofs whose outcomes are not
    complete, or that a model has learned from, are left out. Nothing is recorded or pinned.

    \b
    Example:
      customer-predictions backtest churn --model-version 1.0.3 --from 2026-03-01 --to 2026-08-01
    """
    from python_scoring.backtest.command import BacktestRequest, backtest
    from python_scoring.backtest.text import to_text
    from python_scoring.models.registry import Registry
    from python_scoring.project.output_files import check_output, write_output

    if out:
        check_output(out)
    request = BacktestRequest(product, list(model_versions), since, until, every)
    found = backtest(request, Registry())
    if out:
        write_output(out, lambda file: file.write_text(found.to_json(), encoding="utf-8"))
    click.echo(found.to_json().rstrip() if as_json else to_text(found))


@click.command()
@click.argument("product", type=PRODUCT)
@click.argument("source")
@click.option("--card", "card_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Its model.json; by default the one beside a skops file.")  # fmt: skip
@click.option("--model-version", help="Its version here, MAJOR.MINOR.PATCH; without a card.")
@click.option("--training-as-of", "training_as_ofs", type=INSTANT, multiple=True,
              help="As-of that it was trained on; repeatable; without a card.")  # fmt: skip
@click.option("--training-data-digest",
              help="Digest of the training-data file it learned from; without a card.")  # fmt: skip
@click.option("--feature-version", help="Version of its features; by default the project's.")
@click.option("--segment-name", "segment_names", multiple=True,
              help="Name of a segment, in the order of the clusters; repeatable.")  # fmt: skip
@click.option("--evaluate-on", type=INSTANT,
              help="Judge it on this as-of, and record what its training looked like.")  # fmt: skip
@click.option("--allow-overlap", is_flag=True,
              help="Judge it also within a horizon of its training; the card says so.")  # fmt: skip
@click.option("--pin-from", type=INSTANT, help="Pin the model from this as-of on.")
@click.option(
    "--pinned-by", default="registration", show_default=True, help="Who decided, for the pin."
)
@click.option(
    "--reason", default="registered artifact", show_default=True, help="Why, for the pin."
)
@AS_JSON
def register(
    *,
    model_version: str | None,
    training_as_ofs: tuple[datetime, ...],
    feature_version: str | None,
    segment_names: tuple[str, ...],
    training_data_digest: str | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Register a model trained elsewhere for PRODUCT, after checking it.

    SOURCE is a skops file, a folder as MLflow saves it, or an URI that MLflow knows, such as
    models:/churn/3 or runs:/<run id>/model. Pickle and joblib are refused.

    \b
    Example:
      customer-predictions register churn model.skops --pin-from 2026-09-01
    """
    from python_scoring.model_import.metadata import DeclaredMetadata
    from python_scoring.model_import.registration import Registration, register
    from python_scoring.models.registry import Registry

    known = DeclaredMetadata(
        model_version, training_as_ofs, feature_version, segment_names, training_data_digest
    )
    card, folder = register(Registration(known=known, **wanted), Registry())
    if as_json:
        judged = {"metrics": card.metrics, "has_training_reference": bool(card.reference)}
        print_json({**_registered(card, folder, wanted["pin_from"]), **judged})
        return
    click.echo(f"registered {card.product} {card.model_version} in {folder}")
    if not card.reference:
        click.echo(
            "without --evaluate-on checks against the training say not_evaluated, and reason codes "
            "of a model that is neither additive nor linear stay null"
        )


@click.command("model-card")
@click.argument("product", type=PRODUCT, required=False)
@click.argument("model_version", required=False)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="The file; by default MODEL_CARD.md beside the model.")  # fmt: skip
@click.option("--check", is_flag=True, help="Say whether the cards of all pinned versions agree.")
@AS_JSON
def model_card(
    *, product: str | None, model_version: str | None, out: Path | None, check: bool, as_json: bool
) -> None:
    """Write the model card (MODEL_CARD.md) of PRODUCT's MODEL_VERSION from contract and model.json.

    With --check nothing is written; the command fails if the card of a pinned version no longer
    matches its contract.

    \b
    Example:
      customer-predictions model-card churn 1.0.0
    """
    if check and (product or out):
        raise click.UsageError("--check looks at every pinned version: leave the rest out")
    if not check and not (product and model_version):
        raise click.UsageError("expected PRODUCT and MODEL_VERSION, or --check")

    from python_scoring.models.card import check_model_cards, write_model_card
    from python_scoring.models.registry import Registry
    from python_scoring.project import parsed_manifest

    if product and model_version:
        Registry().find(product, model_version)  # before the project is parsed
        written = write_model_card(Registry(), product, model_version, parsed_manifest(), out)
        files, said = [written], ""
    else:
        files, said = check_model_cards(Registry(), parsed_manifest()), ": agrees"
    if as_json:
        print_json({"files": files})
        return
    for file in files:
        click.echo(f"{file}{said}")


@click.command("feature-version")
@AS_JSON
def feature_version(*, as_json: bool) -> None:
    """Check that the feature definitions match the digest recorded for their version.

    \b
    Example:
      customer-predictions feature-version
    """
    from python_scoring.errors import PredictionError
    from python_scoring.features.definitions import definitions_digest, locked_digest
    from python_scoring.project import model_meta, parsed_manifest

    manifest = parsed_manifest()
    version = str(model_meta(manifest, "feature_snapshots", "feature_version"))
    digest = definitions_digest(manifest)
    is_recorded = locked_digest(version) == digest
    if as_json:
        print_json(
            {"feature_version": version, "definitions_sha256": digest, "is_recorded": is_recorded}
        )
    else:
        click.echo(f"feature_version {version}, definitions {digest}")
    if not is_recorded:
        raise PredictionError(
            f"the definitions of feature_version {version} have changed: raise feature_version in "
            "models/features/_features__models.yml and append its row to "
            "seeds/feature_versions.csv (CONTRIBUTING.md, 'Change a feature')"
        )
