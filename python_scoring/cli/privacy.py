"""Privacy: `erase`."""

import click

from python_scoring.cli.options import AS_JSON
from python_scoring.cli.printing import echo, print_json, progress


@click.command()
@click.argument("customer_ids", nargs=-1, required=True, metavar="CUSTOMER_ID...")
@click.option("--by", "requested_by", default="", help="Who asked for it.")
@click.option("--reason", default="", help="Why, for example the number of the request.")
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@AS_JSON
def erase(
    *,
    customer_ids: tuple[str, ...],
    requested_by: str,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove customers from everything that the project keeps; a tombstone stays.

    Erases from the raw copies, the lake, the working set and the serving database, whose files are
    rewritten. Several ids at once cost hardly more than one. --by and --reason are required, except
    for a dry run.

    \b
    Example:
      customer-predictions erase C00011901 --by ana --reason "request 17"
    """
    from python_scoring.erasure.command import erase, preview

    if as_json and not dry_run:
        raise click.UsageError("--json prints what would be erased: expected --dry-run with it")
    if dry_run:
        found = preview(customer_ids, progress(as_json=as_json))
        if as_json:
            print_json(found)
    else:
        erase(customer_ids, requested_by, reason, echo)
