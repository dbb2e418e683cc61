"""Imported model: skops bytes, with the metadata of their source."""

import re
from dataclasses import dataclass, field

import pandas as pd

_CREDENTIALS = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True)
class ImportedModel:
    """Model trained outside the project, as skops bytes that nothing has read yet.

    Messages call it `name`. `source` is its origin for the card: never a credential, nor a path of
    this machine. `example` has a column per input. `signature` has name and type (`number` or
    `category`) of each input, None if the source has none.
    """

    name: str
    content: bytes
    scikit_learn: str
    source: dict[str, str | None]
    example: pd.DataFrame | None = None
    signature: list[dict[str, str]] | None = None
    run_id: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[dict[str, str]] = field(default_factory=list)
    python: str | None = None


def without_credentials(text: str) -> str:
    """Return an address, or a text that quotes one, without its credentials."""
    return _CREDENTIALS.sub("//", text)


def refusal_of_pickles(name: str, load: str, library: str) -> str:
    """Return the message for a model that is not skops; `load` is its call in `library`."""
    return (
        f"{name} is not a skops file. Pickle, cloudpickle and joblib can run any code when they "
        "are read, so they are never read here. Convert the model where it was trained:\n"
        f"    import {library}, skops.io\n"
        f'    skops.io.dump({load}, "model.skops")\n'
        "and register model.skops."
    )
