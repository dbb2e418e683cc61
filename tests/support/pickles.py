"""Pickle that would run a command."""

import os
import pickle
from typing import Any


class Calls:
    """Object that is pickled as a function call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        """Both may be attacks themselves."""
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        """What pickle writes."""
        return self.call

    def __call__(self) -> None:
        """Makes pickle accept the object as a function."""


MARK = "a pickle ran this"


MALICIOUS = pickle.dumps(Calls(os.system, "true"))
