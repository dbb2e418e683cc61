"""A model read from its source: skops bytes, and the metadata that the source has."""

import re
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

_CREDENTIALS = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True)
class ImportedModel:
    """A model trained outside the project, as bytes of skops that nothing has read yet.

    `name` is how messages call it. `source` says where it is from, for the card: never a
    credential, nor a path of this machine. `example` has a column per input. `signature` has name
    and type (`number` or `category`) of each input, None where the source has none.
    """

    name: str
    content: bytes
    scikit_learn: str
    source: dict[str, Any]
    example: pd.DataFrame | None = None
    signature: list[dict[str, str]] | None = None
    run_id: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[dict[str, str]] = field(default_factory=list)
    python: str | None = None


def without_credentials(text: str) -> str:
    """An address, or words that quote one, as it may be kept and printed."""
    return _CREDENTIALS.sub("//", text)


def refusal_of_pickles(name: str, load: str, library: str) -> str:
    """Message for a model that is not skops; `load` is the call that reads it in `library`."""
    return (
        f"{name} is not a skops file. Pickle, cloudpickle and joblib can run any code when they "
        "are read, so they are never read here. Convert the model where it was trained:\n"
        f"    import {library}, skops.io\n"
        f'    skops.io.dump({load}, "model.skops")\n'
        "and register model.skops."
    )
