"""Types of options that several commands share."""

import click

from python_scoring.errors import suggestion
from python_scoring.project import PROJECT, product_names

# For every command that prints facts, as opposed to progress.
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
INSTANT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


class ProductName(click.ParamType[str]):
    """Name of a product: a folder of models/products, so that a typo needs no parse to be found."""

    name = "product"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name of a product; fails with the names that are near it."""
        known = product_names()
        if value not in known:
            self.fail(
                f"there is no product {value!r} in {PROJECT / 'models' / 'products'}"
                f"{suggestion(value, known)}",
                param,
                ctx,
            )
        return value


PRODUCT = ProductName()
