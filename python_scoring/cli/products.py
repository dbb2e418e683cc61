"""Products: `new-product`, `commission`."""

import click

from python_scoring.cli.options import PRODUCT

# Option and question for each text that a contract requires.
QUESTIONS = {
    "title": "The product in a few words, such as Churn risk",
    "meaning": "What the score means",
    "population": "Which customers are scored",
    "not_to_be_used_for": "What it must not be used for",
    "known_limitations": "What consumers have to know of its limits",
    "uncertainty": "What the bounds of a score enclose",
    "default_reason": "Why the conservative default harms nobody",
    "owner": "The team that answers for the product",
}


@click.command("new-product")
@click.argument("name")
@click.option("--from", "source", type=PRODUCT, required=True,
              help="The product whose folder is the pattern.")  # fmt: skip
@click.option("--title", help=QUESTIONS["title"])
@click.option("--meaning", help=QUESTIONS["meaning"])
@click.option("--population", help=QUESTIONS["population"])
@click.option("--intended-use", multiple=True,
              help="A key of usage_contexts in dbt_project.yml; repeatable.")  # fmt: skip
@click.option("--not-to-be-used-for", help=QUESTIONS["not_to_be_used_for"])
@click.option("--known-limitations", help=QUESTIONS["known_limitations"])
@click.option("--uncertainty", help=QUESTIONS["uncertainty"])
@click.option("--default-reason", help=QUESTIONS["default_reason"])
@click.option("--owner", help=QUESTIONS["owner"])
def new_product(
    *, name: str, source: str, intended_use: tuple[str, ...], **given: str | None
) -> None:
    """Write the folder of a new product, copied from the pattern of another product.

    Asks for each text that the contract requires and no option gives; an empty answer keeps the
    pattern's text. Numbers, labels, schedule, recipe and the condition of the population are copied
    from the pattern: review them in the files.

    \b
    Example:
      customer-predictions new-product winback --from clv --owner crm
    """
    from python_scoring.contracts.new_product import Texts, check_name, texts_of, write_product

    check_name(name)
    pattern = texts_of(source)
    answers = {
        key: text if (text := given[key]) is not None else _asked(question, getattr(pattern, key))
        for key, question in QUESTIONS.items()
    }
    uses = intended_use or tuple(
        _asked("What it may be used for", ", ".join(pattern.intended_use)).replace(",", " ").split()
    )
    for file in write_product(name, source, Texts(**answers, intended_use=uses)):
        click.echo(file)
    click.echo(
        f"Review contract and recipe in models/products/{name}/_{name}__models.yml, then:\n"
        f"  customer-predictions train {name} --as-of ... --model-version 1.0.0 --pin-from ...\n"
        "  customer-predictions contracts --accept\n"
        "  dbt build"
    )


@click.command("commission")
@click.argument("product", type=PRODUCT)
@click.option("--by", "commissioned_by", required=True, help="Who puts it into service.")
@click.option("--reason", required=True, help="Why its service starts now, in a sentence.")
def commission(product: str, commissioned_by: str, reason: str) -> None:
    """Put PRODUCT into service before its first publication does.

    A product is in commissioning until consumers could use a publication of it: its failures are
    shown by `status` and `report`, and open no incident, duty or notification. From this decision
    on they do. What happened before stays without consequence, and there is no way back.

    \b
    Example:
      customer-predictions commission churn --by ana --reason "campaigns start on Monday"
    """
    from python_scoring.schedule.commissioning import commission
    from python_scoring.warehouse import Warehouse

    for name, text in (("--by", commissioned_by), ("--reason", reason)):
        if not text.strip():
            raise click.UsageError(f"{name} is blank: say who commissions {product}, and why.")
    since = commission(Warehouse.from_environment(), product, commissioned_by, reason)
    if since:
        click.echo(f"{product} is in service since {since} UTC already: nothing to do.")
    else:
        click.echo(f"{product} is in service now: what fails from here on opens incidents.")


def _asked(question: str, pattern: str) -> str:
    answer: str = click.prompt(question, default=pattern)
    return answer
