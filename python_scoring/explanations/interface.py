"""What every explanation of a model offers, whatever the model is."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Contributions = npt.NDArray[np.float64]


class Explainer(Protocol):
    """Splits raw scores into contributions, one per feature.

    The raw score is what the model adds up before it is turned into the score: log-odds of a
    probability, the log of an estimate under a log link, the estimate itself. For a segment it is
    how much farther the next nearest centre is than the nearest one, in squared distance.
    """

    @property
    def features(self) -> list[str]:
        """The features, in the order of the columns of `contributions`."""

    @property
    def base(self) -> float:
        """The raw score of the average customer of the training; 0 for a segment."""

    @property
    def only_support(self) -> bool:
        """Whether only what speaks for the result is a reason, as for a segment."""

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """One row per row of `frame`; each sums, with `base`, to the row's raw score.

        A row's contributions depend on that row alone.
        """
