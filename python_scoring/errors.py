"""The errors this library raises: one family, each message says what was expected and what to do.

A run's message is kept in the ledger, so it is written for the person who reads it at 6 a.m.
"""


class PredictionError(Exception):
    """Base of every error of this library.

    The message says all. dbt-duckdb prints the traceback of whatever a Python model raises, as
    `traceback.format_exception` finds it, which is why an error of this family shows none there.
    """

    __cause__ = None
    __suppress_context__ = True
    __traceback__ = property(lambda _: None, lambda _, __: None)


class InputError(PredictionError):
    """An argument, file or table handed in by a person is not what was expected."""


class ArgumentError(InputError):
    """An argument of a command is missing or malformed, whatever the project and its data hold."""


class ArtifactError(PredictionError):
    """A pinned model cannot be trusted or read: digest, type, version or signature."""


class ScoringError(PredictionError):
    """A trusted model could not be applied to the feature snapshot."""


class TrainingError(PredictionError):
    """A model cannot be trained or registered as asked, for example because it would look ahead."""


class DeliveryError(PredictionError):
    """A message did not reach its recipient: given up, or nobody said where they are reached."""


class ServingError(PredictionError):
    """The serving database cannot be brought to the state of the lake, or read, as asked."""
