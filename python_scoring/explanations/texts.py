"""Columns of numbers as text, whole columns at a time: a sentence per customer is a lot of text."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.float64]
# Text that all rows share, or an array of texts.
Piece: TypeAlias = Any

# Beyond it a double does not hold every whole number, and is written as it is.
LARGEST_EXACT = 1e15
# Fewer customers are not worth looking whether their values are the same.
FEW = 1_000


def number_text(values: Numbers, decimals: int | None) -> pa.Array:
    """With so many decimals, or as many as it has where None; null for NaN and infinity."""
    finite = np.isfinite(values)
    if not finite.all():
        inner = number_text(values[finite], decimals)
        places = np.cumsum(finite) - 1
        return inner.take(pa.array(places, mask=~finite))
    return by_distinct(values, lambda distinct: _finite_text(distinct, decimals))


def by_distinct(values: Numbers, text: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """What `text` makes of each value, made once for values that are the same."""
    # Minus zero is zero.
    array = pa.array(values + 0.0)
    if len(array) < FEW or len(array[:FEW].unique()) > FEW // 2:
        return text(array)
    encoded = array.dictionary_encode()
    return text(encoded.dictionary).take(encoded.indices)


def _finite_text(values: pa.Array, decimals: int | None) -> pa.Array:
    if decimals is None or (len(values) and pc.max(pc.abs(values)).as_py() >= LARGEST_EXACT):
        return values.cast(pa.string())
    if decimals == 0:
        return pa.array(np.rint(values.to_numpy()).astype(np.int64)).cast(pa.string())
    return values.cast(pa.decimal128(38, decimals)).cast(pa.string())


def joined(pieces: list[Piece]) -> pa.Array:
    """The pieces of each row, one after the other; null where one of them is null."""
    together: list[Piece] = []
    for piece in pieces:
        if together and isinstance(piece, str) and isinstance(together[-1], str):
            together[-1] += piece
        else:
            together.append(piece)
    return pc.binary_join_element_wise(*together, "")
