"""Wording of the feature catalogue: one sentence per feature, filled in for many customers at once.

A wording has a sentence for each case: `value`, and optionally `zero`, `negative` and `missing`. In
a sentence

    {value}                      is the stored value; without its sign in `negative`
    {value|day|days}             is the value with its unit
    {mean_days_between_orders:whole|day|days}
                                 is another feature of the customer, rounded
    [, usually every {...}]      is left out if a feature in it is missing

Formats are `whole`, `tenths` and `percent`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from python_scoring.errors import InputError
from python_scoring.explanations.texts import Numbers, Piece, joined, number_text

CASES = ("value", "zero", "negative", "missing")
# Stands for a missing feature that a sentence names outside brackets.
UNKNOWN = "unknown"
DECLARED_IN = "models/features/_features__models.yml"

_PARTS = re.compile(r"\[(?P<optional>[^\[\]]*)\]|\{(?P<place>[^{}]*)\}")
_PLACE = re.compile(
    r"(?P<name>\w+)(:(?P<format>whole|tenths|percent))?(\|(?P<one>[^|]*)\|(?P<many>[^|]*))?"
)
_DECIMAL = re.compile(r"decimal\(\d+,\s*(\d+)\)")

Values = npt.NDArray[Any]
Columns = Mapping[str, Values]


@dataclass(frozen=True)
class Place:
    """Placeholder of a feature's value in a sentence, with its unit if it has one."""

    name: str
    format: str | None
    unit: tuple[str, str] | None


@dataclass(frozen=True)
class Optional:
    """Part of a sentence that is left out if a feature in it is missing."""

    parts: "tuple[Part, ...]"


Part = str | Place | Optional


@dataclass(frozen=True)
class Phrase:
    """Consecutive parts of a sentence, and the features that they depend on."""

    names: tuple[str, ...]
    parts: tuple[Part, ...]

    def keys(self, columns: Columns) -> list[Values]:
        """Columns whose equality implies that the phrase is equal."""
        whole = {place.name for place in _places(self.parts) if place.format == "whole"}
        whole -= {place.name for place in _places(self.parts) if place.format != "whole"}
        return [np.rint(columns[name]) if name in whole else columns[name] for name in self.names]


@dataclass(frozen=True)
class Feature:
    """Row of the feature catalogue: type and wording of a feature."""

    name: str
    data_type: str
    sentences: Mapping[str, tuple[Part, ...]]

    @property
    def is_category(self) -> bool:
        """Whether the values are categories."""
        return self.data_type == "text"

    @property
    def decimals(self) -> int | None:
        """Number of decimals of a value; None if it differs between values."""
        found = _DECIMAL.fullmatch(self.data_type)
        return int(found[1]) if found else 0 if self.data_type == "integer" else None

    @property
    def companions(self) -> list[str]:
        """Other features that the sentences name."""
        found = {
            place.name
            for sentence in self.sentences.values()
            for place in _places(sentence)
            if place.name != "value"
        }
        return sorted(found)

    def value_text(self, values: Values) -> pa.Array:
        """Return the values as JSON texts; `null` for missing values and non-numbers."""
        if self.is_category:
            return _category_text(values, json.dumps).fill_null("null")
        return number_text(values, self.decimals).fill_null("null")

    def cases(self, values: Values) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
        """Return which sentence applies to which of the values."""
        if self.is_category:
            is_missing = np.array([value is None or value != value for value in values], dtype=bool)  # noqa: PLR0124 - NaN
        else:
            is_missing = ~np.isfinite(values)
        case = np.where(is_missing, CASES.index("missing"), CASES.index("value"))
        if not self.is_category:
            for name, applies in (("zero", values == 0), ("negative", values < 0)):
                if name in self.sentences:
                    case[applies & ~is_missing] = CASES.index(name)
        for number in np.unique(case):
            yield CASES[number], np.flatnonzero(case == number)


class Wordings:
    """Features of the catalogue, by name."""

    def __init__(self, features: Iterable[Feature]) -> None:
        """Raises InputError if a sentence names an unknown feature."""
        self._features = {feature.name: feature for feature in features}
        for feature in self._features.values():
            for companion in feature.companions:
                if companion not in self._features:
                    raise InputError(
                        f"{DECLARED_IN}: the wording of {feature.name} names {{{companion}}}, "
                        "which is not a feature; expected value or the name of one"
                    )

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str | None]]) -> "Wordings":
        """Read name, data_type and wording (JSON) of each row of the catalogue.

        A feature without wording is called by its name. Raises InputError, naming the feature, if a
        wording is malformed.
        """
        return cls(_feature(*row) for row in rows)

    def __getitem__(self, name: str) -> Feature:
        """Return a feature; raises InputError if the catalogue lacks it."""
        try:
            return self._features[name]
        except KeyError:
            raise InputError(
                f"lake.features.feature_catalogue has no feature {name}: declare it in "
                f"{DECLARED_IN} and run `dbt build`"
            ) from None

    def companions(self, names: Iterable[str]) -> list[str]:
        """Return the features other than `names` that their sentences need."""
        names = list(names)
        found = {companion for name in names for companion in self[name].companions}
        return sorted(found - set(names))

    def phrases(self, feature: Feature, case: str) -> list[Phrase]:
        """Split a sentence where its dependencies change.

        The first phrase depends on its own feature alone.
        """
        phrases: list[Phrase] = []
        names: list[str] = [feature.name]
        parts: list[Part] = []
        for part in feature.sentences[case]:
            others = {
                feature.name if place.name == "value" else place.name for place in _places([part])
            }
            if not others <= set(names):
                phrases.append(Phrase(tuple(names), tuple(parts)))
                names, parts = sorted(others), []
            parts.append(part)
        return [*phrases, Phrase(tuple(names), tuple(parts))]

    def said(
        self,
        phrase: Phrase,
        feature: Feature,
        case: str,
        columns: Columns,
        value_text: pa.Array | None = None,
    ) -> list[Piece]:
        """Yield the pieces of a phrase for each row of `columns`, escaped for JSON.

        `value_text` is the result of `feature.value_text`, which is mostly the `{value}` too.
        """
        pieces: list[Piece] = []
        own = None if case == "negative" or feature.is_category else value_text
        sign = -1 if case == "negative" else 1
        for part in phrase.parts:
            if isinstance(part, Optional):
                inner = [
                    piece
                    for one in part.parts
                    for piece in self._filled(one, feature, columns, sign)
                ]
                pieces.append(joined(inner).fill_null(""))
            elif own is not None and part == Place("value", None, None):
                pieces.append(own)
            else:
                filled = self._filled(part, feature, columns, sign)
                pieces += [
                    piece if isinstance(piece, str) else piece.fill_null(UNKNOWN)
                    for piece in filled
                ]
        return pieces

    def tell(self, name: str, values: Mapping[str, float | str | None]) -> str:
        """Return the sentence for one customer."""
        feature = self[name]
        columns: dict[str, Values] = {}
        for needed in (name, *feature.companions):
            is_category = self[needed].is_category
            columns[needed] = np.array([values[needed]], dtype=object if is_category else float)
        [(case, _)] = feature.cases(columns[name])
        value_text = feature.value_text(columns[name])
        pieces = [
            piece
            for phrase in self.phrases(feature, case)
            for piece in self.said(phrase, feature, case, columns, value_text)
        ]
        [text] = joined([*pieces, pa.array([""])]).to_pylist()
        return str(json.loads(f'"{text}"'))

    def _filled(self, part: Part, feature: Feature, columns: Columns, sign: int) -> list[Piece]:
        """Return a text, or a feature's values with unit; `sign` is that of the own feature."""
        if not isinstance(part, Place):
            return [json.dumps(part)[1:-1]]
        of = feature if part.name == "value" else self[part.name]
        values = columns[of.name]
        if of.is_category:
            return [_category_text(values, lambda value: json.dumps(value)[1:-1])]
        text = _formatted(part.format, of, values * sign if of is feature else values)
        if part.unit is None:
            return [text]
        one, many = (f" {json.dumps(noun)[1:-1]}" for noun in part.unit)
        is_one = pc.equal(text, "1")
        return [text, pc.if_else(is_one, one, many) if pc.any(is_one).as_py() else many]


def _formatted(kind: str | None, feature: Feature, values: Numbers) -> pa.Array:
    if kind == "whole":
        return number_text(values, 0)
    if kind == "tenths":
        return number_text(values, 1)
    if kind == "percent":
        return pc.binary_join_element_wise(number_text(values * 100, 0), "%", "")
    return number_text(values, feature.decimals)


def _category_text(values: Values, escaped: Any) -> pa.Array:
    encoded = pa.array(values, type=pa.string(), from_pandas=True).dictionary_encode()
    known = pa.array([escaped(value) for value in encoded.dictionary.to_pylist()], type=pa.string())
    return known.take(encoded.indices)


def _feature(name: str, data_type: str, wording: str | None) -> Feature:
    called = name.replace("_", " ")
    default = {"value": f"{called} of {{value}}", "missing": f"{called} is not known"}
    given = json.loads(wording or "null") or {}
    place = f"{DECLARED_IN}: the wording of {name}"
    if not isinstance(given, dict) or not set(given) <= set(CASES):
        raise InputError(f"{place} is {wording}; expected sentences for {', '.join(CASES)}")
    sentences = {case: _parsed(sentence, place) for case, sentence in {**default, **given}.items()}
    return Feature(name, data_type.lower(), sentences)


def _parsed(sentence: str, place: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    end = 0
    for found in _PARTS.finditer(sentence):
        parts.append(sentence[end : found.start()])
        end = found.end()
        if found["optional"] is not None:
            parts.append(Optional(_parsed(found["optional"], place)))
            continue
        inside = _PLACE.fullmatch(found["place"])
        if inside is None:
            raise InputError(
                f"{place} has {found[0]}; expected for example {{value}}, {{value|day|days}} or "
                "{mean_days_between_orders:whole}"
            )
        unit = (inside["one"], inside["many"]) if inside["many"] is not None else None
        parts.append(Place(inside["name"], inside["format"], unit))
    parts.append(sentence[end:])
    if any(isinstance(part, str) and set(part) & set("{}[]") for part in parts):
        raise InputError(f"{place}, {sentence!r}, has a bracket without its pair")
    return tuple(part for part in parts if part)


def _places(parts: Iterable[Part]) -> Iterator[Place]:
    for part in parts:
        if isinstance(part, Place):
            yield part
        elif isinstance(part, Optional):
            yield from _places(part.parts)
