"""Consumers and owners: `contracts`, `serve`, `notify`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from python_scoring.cli.options import AS_JSON
from python_scoring.cli.printing import print_json, progress


@click.command("contracts")
@click.option("--out", type=click.Path(path_type=Path),
              help="Write the data contracts (ODCS, YAML) into this folder.")  # fmt: skip
@click.option("--accept", is_flag=True, help="Record what is served now as what is promised.")
@click.option("--lint", is_flag=True, help="Only say whether contracts and exposures are valid.")
@click.option("--schemas", type=click.Path(path_type=Path, file_okay=False),
              help="Only write the JSON schemas of the YAML into this folder.")  # fmt: skip
@AS_JSON
def data_contracts(
    *, out: Path | None, accept: bool, lint: bool, schemas: Path | None, as_json: bool
) -> None:
    """Check that the served outputs keep their recorded schemas; write the data contracts.

    The recorded schemas are in seeds/output_schemas.csv. --accept records compatible changes, and
    refuses breaking ones with what to do instead.

    \b
    Example:
      customer-predictions contracts --out contracts
    """
    from python_scoring.clock import clock
    from python_scoring.contracts import baseline
    from python_scoring.contracts.completeness import require_complete
    from python_scoring.contracts.files import write_contracts
    from python_scoring.contracts.schemas import write_schemas
    from python_scoring.project import parsed_manifest

    found: dict[str, Any] = {"is_rewritten": False, "files": []}
    if schemas:
        said = []
        found["files"] = write_schemas(schemas)
    else:
        manifest = parsed_manifest()
        require_complete(manifest)
        if lint:
            said = ["contracts and exposures are valid"]
        elif accept:
            found["is_rewritten"] = baseline.accept(manifest, clock().date())
            outcome = (
                "rewritten; review and commit it" if found["is_rewritten"] else "nothing to record"
            )
            said = [f"seeds/output_schemas.csv: {outcome}"]
        else:
            baseline.check(manifest, clock().date())
            said = ["what is served is what consumers were promised"]
        if out and not lint:
            found["files"] = write_contracts(manifest, out)
    if as_json:
        print_json(found)
        return
    for line in [*said, *found["files"]]:
        click.echo(line)


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("data/serving"),
    show_default=True, help="Folder of the server's data; made where it is missing.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1; by default a free one."
)
def serve(folder: Path, port: int | None) -> None:
    """Serve the marts from a PostgreSQL on this machine, with a demo login for each consumer.

    For trials; a scheduled build publishes to the database that SERVING_DSN names.

    \b
    Example:
      customer-predictions serve --port 5433
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


@click.command()
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
@AS_JSON
def notify(
    *,
    dry_run: bool,
    retry_dead_letters: bool,
    max_attempts: int,
    timeout: float,
    as_json: bool,
) -> None:
    """Deliver the messages of the outbox that are pending or due for a retry.

    An owner's destinations are Apprise addresses: tagged with the owner's name in the file of
    NOTIFY_CONFIG, or in the variable NOTIFY_<OWNER>; NOTIFY_DEFAULT is for owners with neither.
    Exits with an error while an owner has no destination or messages are dead letters.

    \b
    Example:
      customer-predictions notify --dry-run
    """
    from python_scoring.notifications.command import Delivery, Settings, notify, preview

    settings = Settings(max_attempts, timeout, retry_dead_letters)
    deliveries: list[Delivery] = []
    try:
        (preview if dry_run else notify)(settings, progress(as_json=as_json), deliveries)
    finally:  # also where somebody cannot be reached
        if as_json:
            print_json([asdict(each) for each in deliveries])
