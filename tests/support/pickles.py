"""A pickle that would run a command."""

import os
import pickle
from typing import Any


class Calls:
    """Pickles as a call of something."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        """Both may be attacks themselves."""
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        """What pickle writes."""
        return self.call

    def __call__(self) -> None:
        """So that pickle takes it for a function; unpickled it is what it calls."""


MARK = "a pickle ran this"


MALICIOUS = pickle.dumps(Calls(os.system, "true"))
