"""Errors of this library: one family; each message says what was expected and what to do.

The ledger keeps the message of a failed run, so it is written for whoever reads it at 6 a.m.
"""

import difflib
from collections.abc import Collection


class PredictionError(Exception):
    """Base of every error of this library.

    The message is complete without a traceback. dbt-duckdb prints the traceback of any exception of
    a Python model, as `traceback.format_exception` finds it; errors of this family have none.
    """

    __cause__ = None
    __suppress_context__ = True
    __traceback__ = property(lambda _: None, lambda _, __: None)


class InputError(PredictionError):
    """An argument, file or table given by a user is not what was expected."""


class ArgumentError(InputError):
    """An argument of a command is missing or malformed, independent of project and data."""


class ArtifactError(PredictionError):
    """A pinned model cannot be trusted or read: digest, type, version or signature."""


class ScoringError(PredictionError):
    """A trusted model could not be applied to the feature snapshot."""


class TrainingError(PredictionError):
    """A model cannot be trained or registered as asked, for example because it would look ahead."""


class DeliveryError(PredictionError):
    """A message did not reach its recipient: it was given up, or no address is configured."""


class ServingError(PredictionError):
    """The serving database cannot be published to or read."""


def suggestion(typed: str, known: Collection[str]) -> str:
    """Return the end of a message about an unknown name: what may have been meant, or all names."""
    if near := difflib.get_close_matches(typed.lower(), known, n=3):
        return f"; did you mean {' or '.join(near)}?"
    return f"; expected one of {', '.join(known)}." if known else ", which has none yet."
