"""Columns of numbers as text, whole columns at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
# A text that all rows share, or an array of texts.
Piece: TypeAlias = Any

# Beyond it a double does not hold every whole number, and is written as it is.
LARGEST_EXACT = 1e15
# With fewer rows, looking for equal values costs more than it saves.
FEW = 1_000


@dataclass(frozen=True)
class Distinct:
    """Distinct rows of some columns, and the position of each row among them."""

    columns: list[npt.NDArray[Any]]
    codes: Codes

    @classmethod
    def of(cls, columns: list[npt.NDArray[Any]]) -> "Distinct":
        """Return the distinct rows; all rows if most of them differ."""
        codes: Codes | None = None
        known: list[npt.NDArray[Any]] = []
        for column in columns:
            array = pa.array(column, from_pandas=column.dtype == object)
            if _mostly_differs(array):
                return cls(columns, np.arange(len(column)))
            encoded = array.dictionary_encode(null_encoding="encode")
            values = encoded.dictionary.to_numpy(zero_copy_only=False)
            indices = encoded.indices.to_numpy().astype(np.int64)
            if codes is None:
                codes, known = indices, [values]
                continue
            pairs = pa.array(codes * len(values) + indices).dictionary_encode()
            pair = pairs.dictionary.to_numpy()
            codes = pairs.indices.to_numpy().astype(np.int64)
            known = [*(one[pair // len(values)] for one in known), values[pair % len(values)]]
        return cls(known, codes if codes is not None else np.arange(0))


class TextColumn:
    """Column of texts, each distinct text held once; empty where none was put."""

    def __init__(self, size: int) -> None:
        """Create the column with empty texts."""
        self._texts = [pa.array([""])]
        self._count = 1
        self._codes = np.zeros(size, dtype=np.int32)

    def put(self, places: npt.NDArray[np.intp], texts: pa.Array, codes: Codes) -> None:
        """Put at each place the text that its code refers to."""
        self._codes[places] = codes + self._count
        self._texts.append(texts)
        self._count += len(texts)

    def at(self, places: slice) -> pa.Array:
        """Return the texts of consecutive places."""
        if len(self._texts) > 1:
            self._texts = [pa.concat_arrays(self._texts)]
        return self._texts[0].take(pa.array(self._codes[places]))


def number_text(values: Numbers, decimals: int | None) -> pa.Array:
    """Format numbers with `decimals` decimals; null for NaN and infinity.

    With None, each number has as many decimals as it needs.
    """
    finite = np.isfinite(values)
    if not finite.all():
        inner = number_text(values[finite], decimals)
        places = np.cumsum(finite) - 1
        return inner.take(pa.array(places, mask=~finite))
    return by_distinct(values, lambda distinct: _finite_text(distinct, decimals))


def by_distinct(values: Numbers, text: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Apply `text` to each distinct value once."""
    # Minus zero becomes zero.
    array = pa.array(values + 0.0)
    if _mostly_differs(array):
        return text(array)
    encoded = array.dictionary_encode()
    return text(encoded.dictionary).take(encoded.indices)


def _mostly_differs(values: pa.Array) -> bool:
    return len(values) < FEW or len(values[:FEW].unique()) > FEW // 2


def _finite_text(values: pa.Array, decimals: int | None) -> pa.Array:
    if decimals is None or (len(values) and pc.max(pc.abs(values)).as_py() >= LARGEST_EXACT):
        return values.cast(pa.string())
    if decimals == 0:
        return pa.array(np.rint(values.to_numpy()).astype(np.int64)).cast(pa.string())
    units = np.rint(values.to_numpy() * 10**decimals)
    if (np.abs(units) < LARGEST_EXACT).all() and (units / 10**decimals == values.to_numpy()).all():
        return _units_text(units.astype(np.int64), decimals)
    return _decimal_text(values, decimals)


def _units_text(units: Codes, decimals: int) -> pa.Array:
    """Format whole cents: inserting a point takes a third of the time of formatting a decimal."""
    text = pc.binary_replace_slice(pa.array(units).cast(pa.string()), -decimals, -decimals, ".")
    lacks_digits = np.abs(units) < 10**decimals
    if not lacks_digits.any():
        return text
    small = _decimal_text(pa.array(units[lacks_digits] / 10**decimals), decimals)
    return pc.replace_with_mask(text, pa.array(lacks_digits), small)


def _decimal_text(values: pa.Array, decimals: int) -> pa.Array:
    return values.cast(pa.decimal128(38, decimals)).cast(pa.string())


def joined(pieces: list[Piece]) -> pa.Array:
    """Concatenate the pieces of each row; null if one of them is null."""
    together: list[Piece] = []
    for piece in pieces:
        if together and isinstance(piece, str) and isinstance(together[-1], str):
            together[-1] += piece
        else:
            together.append(piece)
    return pc.binary_join_element_wise(*together, "")
