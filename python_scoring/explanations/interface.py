"""What every explanation of a model offers, whatever the model is."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Contributions = npt.NDArray[np.float64]


class Explainer(Protocol):
    """Splits raw scores into contributions, against the average customer of the training.

    The raw score is what the model adds up before it is turned into the score: log-odds of a
    probability, the log of an estimate under a log link, the estimate itself, or the squared
    distance to a segment's centre.
    """

    @property
    def features(self) -> list[str]:
        """The features, in the order of the columns of `contributions`."""

    @property
    def base(self) -> float:
        """The raw score of the average customer of the training."""

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """One row per row of `frame`; each sums, with `base`, to the row's raw score."""
