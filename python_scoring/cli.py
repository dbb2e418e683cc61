"""The command line: arguments in, one function of the library each, a short report out.

The functions are imported when a command runs, so that `--help` answers at once.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

INSTANT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def commands() -> None:
    """Governed batch inference for customer models.

    `dbt build` is the scheduled job; this is the rest.
    """


@commands.command("demo-data")
@click.option("--customers", type=int, default=5_000, show_default=True, help="How many customers.")
@click.option("--until", type=INSTANT, help="The data end here (UTC); by default today, 00:00.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("data/raw"), show_default=True,
    help="Folder for the Parquet files.",
)  # fmt: skip
def demo_data(customers: int, until: datetime | None, out: Path) -> None:
    """Write deterministic demo data: the same arguments give the same data."""
    from python_scoring.clock import utc_now
    from python_scoring.raw.demo_data import generate

    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = generate(customers, until or midnight, out)
    for table, count in rows.items():
        click.echo(f"{out / table}: {count:,} rows")


@commands.command()
@click.argument("product")
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
    help="Later as-of for probabilities and bounds; repeatable, best one per season. By default"
    " when the last label window of training closes.",
)
@click.option(
    "--evaluate-on",
    type=INSTANT,
    help="As-of to judge on; by default when the last label window closes.",
)  # fmt: skip
@click.option("--pin-from", type=INSTANT, help="Pin the model from this as-of on.")
@click.option(
    "--pinned-by", default="training", show_default=True, help="Who decided, for the pin."
)
@click.option("--reason", default="reference training", show_default=True, help="Why, for the pin.")
def train(  # noqa: PLR0913 - one argument per option
    *,
    product: str,
    as_ofs: tuple[datetime, ...],
    model_version: str,
    calibrate_on: tuple[datetime, ...],
    evaluate_on: datetime | None,
    pin_from: datetime | None,
    pinned_by: str,
    reason: str,
) -> None:
    """Train PRODUCT's reference model on past as-ofs, register it, and pin it if asked."""
    import json

    from python_scoring.clock import utc_now
    from python_scoring.models.card import write_model_card
    from python_scoring.models.registry import Registry
    from python_scoring.project import parsed_manifest
    from python_scoring.training.train import TrainingRequest, train

    registry = Registry()
    request = TrainingRequest(
        product, list(as_ofs), model_version, list(calibrate_on), evaluate_on, pin_from
    )
    content, card = train(request, registry)
    folder = registry.add(content, card, utc_now())
    write_model_card(registry, product, model_version, parsed_manifest())
    click.echo(
        f"{product} {model_version}: {card.training_data['rows']:,} rows learned from; in {folder}"
    )
    tables = ("calibration", "before_calibration")
    click.echo(f"judged: {json.dumps({k: v for k, v in card.metrics.items() if k not in tables})}")
    if pin_from:
        registry.pin(card, pin_from, pinned_by, reason)
        click.echo(f"pinned from {pin_from}; review and commit seeds/ and {folder}")


@commands.command()
@click.argument("product")
@click.argument("source")
@click.option("--card", "card_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Its model.json; by default the one beside a skops file.")  # fmt: skip
@click.option("--model-version", help="Its version here, MAJOR.MINOR.PATCH; without a card.")
@click.option("--training-as-of", "training_as_ofs", type=INSTANT, multiple=True,
              help="As-of that it was trained on; repeatable; without a card.")  # fmt: skip
@click.option("--feature-version", help="Version of its features; by default the project's.")
@click.option("--segment-name", "segment_names", multiple=True,
              help="Name of a segment, in the order of the clusters; repeatable.")  # fmt: skip
@click.option("--evaluate-on", type=INSTANT,
              help="Judge it on this as-of, and record what its training looked like.")  # fmt: skip
@click.option("--pin-from", type=INSTANT, help="Pin the model from this as-of on.")
@click.option(
    "--pinned-by", default="registration", show_default=True, help="Who decided, for the pin."
)
@click.option(
    "--reason", default="registered artifact", show_default=True, help="Why, for the pin."
)
def register(
    *,
    model_version: str | None,
    training_as_ofs: tuple[datetime, ...],
    feature_version: str | None,
    segment_names: tuple[str, ...],
    **wanted: Any,
) -> None:
    """Register a model trained elsewhere for PRODUCT, after checking it.

    SOURCE is a skops file, a folder as MLflow saves it, or an URI that MLflow knows, such as
    models:/churn/3 or runs:/<run id>/model. Nothing that a pickle asks for is run.
    """
    from python_scoring.model_import.metadata import DeclaredMetadata
    from python_scoring.model_import.registration import Registration, register
    from python_scoring.models.registry import Registry

    known = DeclaredMetadata(model_version, training_as_ofs, feature_version, segment_names)
    card, folder = register(Registration(known=known, **wanted), Registry())
    click.echo(f"registered {card.product} {card.model_version} in {folder}")


@commands.command("model-card")
@click.argument("product", required=False)
@click.argument("model_version", required=False)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="The file; by default MODEL_CARD.md beside the model.")  # fmt: skip
@click.option("--check", is_flag=True, help="Say whether the cards of all pinned versions agree.")
def model_card(
    *, product: str | None, model_version: str | None, out: Path | None, check: bool
) -> None:
    """Write the model card of PRODUCT's MODEL_VERSION for people, from contract and model.json.

    With --check nothing is written: it fails where a pinned version's card does not say what its
    contract says by now.
    """
    from python_scoring.models.card import check_model_cards, write_model_card
    from python_scoring.models.registry import Registry
    from python_scoring.project import parsed_manifest

    if check and (product or out):
        raise click.UsageError("--check looks at every pinned version: leave the rest out")
    if check:
        for file in check_model_cards(Registry(), parsed_manifest()):
            click.echo(f"{file}: agrees")
    elif product and model_version:
        click.echo(write_model_card(Registry(), product, model_version, parsed_manifest(), out))
    else:
        raise click.UsageError("expected PRODUCT and MODEL_VERSION, or --check")


@commands.command()
@click.argument("customer_ids", nargs=-1, required=True, metavar="CUSTOMER_ID...")
@click.option("--by", "requested_by", default="", help="Who asked for it.")
@click.option("--reason", default="", help="Why, for example the number of the request.")
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
def erase(*, customer_ids: tuple[str, ...], requested_by: str, reason: str, dry_run: bool) -> None:
    """Remove customers from everything that the project keeps; a tombstone stays.

    From the raw copies, the lake, the working set and the serving database, whose files are written
    anew. Several ids at once cost hardly more than one. Repeatable; --by and --reason are needed
    unless it is a dry run.
    """
    from python_scoring.erasure.command import erase, preview

    if dry_run:
        preview(customer_ids, click.echo)
    else:
        erase(customer_ids, requested_by, reason, click.echo)


@commands.command()
@click.option("--from", "first", type=INSTANT, required=True, help="First slot (as-of).")
@click.option("--to", "last", type=INSTANT, required=True, help="Last slot (as-of).")
@click.option("--product", "products", multiple=True, help="Only this product; repeatable.")
def backfill(first: datetime, last: datetime, products: tuple[str, ...]) -> None:
    """Compute the slots between two dates that were never published, oldest first."""
    from python_scoring.schedule.backfill import backfill

    backfill(first, last, list(products), click.echo)


@commands.command()
@click.option("--dry-run", is_flag=True, help="Say who would get what; send and record nothing.")
@click.option("--retry-dead-letters", is_flag=True, help="Also try what was given up.")
@click.option(
    "--max-attempts", type=click.IntRange(min=1), default=8, show_default=True,
    help="Tries at a destination before a message is given up.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=10, show_default=True,
    help="Seconds that a destination has to answer.",
)  # fmt: skip
def notify(*, dry_run: bool, retry_dead_letters: bool, max_attempts: int, timeout: float) -> None:
    """Deliver the messages of the outbox that are pending, or due for another try.

    An owner's destinations are Apprise addresses: tagged with the owner's name in the file of
    NOTIFY_CONFIG, or in the variable NOTIFY_<OWNER>; NOTIFY_DEFAULT is for owners with neither.
    Ends with an error while somebody has no destination, or messages are given up.
    """
    from python_scoring.notifications.command import Settings, notify, preview

    settings = Settings(max_attempts, timeout, retry_dead_letters)
    (preview if dry_run else notify)(settings, click.echo)


@commands.command()
@click.argument("prediction_id")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def trace(prediction_id: str, *, as_json: bool) -> None:
    """Print everything that stands behind PREDICTION_ID, from its model back to its inputs."""
    from python_scoring.lineage import trace as lineage
    from python_scoring.warehouse import Warehouse

    traced = lineage.trace(prediction_id, Warehouse.from_environment())
    click.echo(lineage.as_json(traced) if as_json else lineage.as_text(traced))


@commands.command()
@click.argument("identifier", metavar="[RUN_ID | PREDICTION_ID]", required=False)
@click.option("--sample", type=click.IntRange(min=1), help="So many predictions by chance instead.")
@click.option("--seed", help="Another sample; by default today's date.")
@click.option(
    "--from-snapshot", is_flag=True,
    help="Start at the stored feature snapshot instead of the raw tables.",
)  # fmt: skip
@click.option("--record", is_flag=True, help="Log the outcome; a mismatch opens an incident.")
def replay(
    *,
    identifier: str | None,
    sample: int | None,
    seed: str | None,
    from_snapshot: bool,
    record: bool,
) -> None:
    """Compute a run, a prediction or a sample again, and say what differs first, if anything.

    Ends with an error where something does. Without --record nothing in the warehouse changes.
    """
    from python_scoring.replay.command import Request, replay
    from python_scoring.warehouse import Warehouse

    request = Request(identifier, sample, seed, from_snapshot, record)
    replay(request, Warehouse.from_environment(), click.echo)


@commands.command("feature-version")
def feature_version() -> None:
    """Say whether the feature definitions are those recorded for their version."""
    from python_scoring.errors import PredictionError
    from python_scoring.features.definitions import definitions_digest, locked_digest
    from python_scoring.project import model_meta, parsed_manifest

    manifest = parsed_manifest()
    version = str(model_meta(manifest, "feature_snapshots", "feature_version"))
    digest = definitions_digest(manifest)
    click.echo(f"feature_version {version}, definitions {digest}")
    if locked_digest(version) != digest:
        raise PredictionError(
            f"the definitions of feature_version {version} have changed: raise feature_version in "
            "models/features/_features__models.yml and append its row to "
            "seeds/feature_versions.csv (CONTRIBUTING.md, 'Change a feature')"
        )


@commands.command("contracts")
@click.option("--out", type=click.Path(path_type=Path),
              help="Write the data contracts (ODCS, YAML) into this folder.")  # fmt: skip
@click.option("--accept", is_flag=True, help="Record what is served now as what is promised.")
def data_contracts(*, out: Path | None, accept: bool) -> None:
    """Say whether what is served keeps what consumers were promised; write the contracts.

    The promise is seeds/output_schemas.csv. --accept records changes that break nobody, and
    refuses the others, with what to do instead.
    """
    from python_scoring.clock import clock
    from python_scoring.contracts import baseline
    from python_scoring.contracts.files import write_contracts
    from python_scoring.project import parsed_manifest

    manifest = parsed_manifest()
    if accept:
        changed = baseline.accept(manifest, clock().date())
        click.echo(
            "seeds/output_schemas.csv: rewritten; review and commit it"
            if changed
            else "seeds/output_schemas.csv: nothing to record"
        )
    else:
        baseline.check(manifest, clock().date())
        click.echo("what is served is what consumers were promised")
    for file in write_contracts(manifest, out) if out else []:
        click.echo(file)


@commands.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True,
    help="The HTML file.",
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(min=1, max=3660), default=90, show_default=True,
    help="How many days back the report looks.",
)  # fmt: skip
def report(out: Path, days: int) -> None:
    """Write the state of all products as one HTML page that needs no network."""
    from python_scoring.report import write_report

    size = write_report(out, days)
    click.echo(f"{out}: {size:,} bytes")


@commands.command()
@click.argument("prediction_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def explain(prediction_id: str, *, as_json: bool) -> None:
    """Say why PREDICTION_ID is what it is: what each feature added, in numbers and in words."""
    from python_scoring.explanations.command import explain
    from python_scoring.models.registry import Registry

    explanation = explain(prediction_id, Registry())
    click.echo(explanation.to_json() if as_json else explanation.to_text())


@commands.command("docs")
@click.option(
    "--target", type=click.Path(path_type=Path), default=Path("target"), show_default=True,
    envvar="DBT_TARGET_PATH", help="The folder that `dbt docs generate` wrote into.",
)  # fmt: skip
def docs(target: Path) -> None:
    """Write static_index.html: dbt's docs, with the contracts and consumers in words."""
    from python_scoring.docs_page import write_docs

    click.echo(write_docs(target))


@commands.command()
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("data/serving"),
    show_default=True, help="Folder of the server's data; made where it is missing.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1; by default a free one."
)
def serve(folder: Path, port: int | None) -> None:
    """Serve the marts from a PostgreSQL on this machine, with a demo login for each consumer.

    For trying things out; a scheduled build publishes to the database that SERVING_DSN names.
    """
    import contextlib
    import signal
    import threading

    from python_scoring.serving.demo import serve
    from python_scoring.warehouse import Warehouse

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with contextlib.suppress(KeyboardInterrupt):
        serve(Warehouse.from_environment(), folder, port, click.echo, ended)
