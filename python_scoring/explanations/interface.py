"""Interface of every explainer."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Contributions = npt.NDArray[np.float64]


class Explainer(Protocol):
    """Explainer of a model: splits raw scores into contributions, one per feature.

    The raw score is the model's sum before it is turned into the score: log-odds of a probability,
    the log of an estimate under a log link, the estimate itself. For a segment it is the squared
    distance to the second nearest centre less that to the nearest.
    """

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the columns of `contributions`."""

    @property
    def base(self) -> float:
        """Raw score of the average customer of the training; 0 for a segment."""

    @property
    def only_support(self) -> bool:
        """Whether only positive contributions are reasons, as for a segment."""

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Return an array of shape (rows, features); a row sums, with `base`, to its raw score.

        A row's contributions depend on that row alone.
        """
