"""Messages about a declaration that does not match its pydantic class."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

# Steps of pydantic's paths that name a type, not a key.
_TYPE_NAMES = {"int", "float", "str", "constrained-int", "constrained-float"}


def shape_findings(shape: type[BaseModel], declared: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each key that is missing, unknown or has a wrong value.

    A sentence starts with the path, for example `.sla.target is 99; expected a share of slots`. A
    key with several errors is named once.
    """
    try:
        shape.model_validate(dict(declared))
    except ValidationError as error:
        seen = set()
        for problem in error.errors(include_url=False):
            path, field = _place(shape, problem["loc"])
            if path not in seen:
                seen.add(path)
                yield path + _said(shape, problem, field)


def _place(shape: type[BaseModel], location: tuple[int | str, ...]) -> tuple[str, FieldInfo | None]:
    """Return the dotted path of a key, without names of types, and the field that declares it."""
    path = ""
    owner: type[BaseModel] | None = shape
    field: FieldInfo | None = None
    for step in location:
        if owner is not None and step in owner.model_fields:
            field = owner.model_fields[str(step)]
            owner = _part_in(field.annotation)
        elif step in _TYPE_NAMES:
            continue
        path += f".{step}"
    return path, field


def _part_in(annotation: Any) -> type[BaseModel] | None:
    """Return the class of a field's parts: its own, or that of its list, dictionary or option."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(
        (found for each in getattr(annotation, "__args__", ()) if (found := _part_in(each))), None
    )


def _said(shape: type[BaseModel], problem: ErrorDetails, field: FieldInfo | None) -> str:
    value, kind = problem["input"], problem["type"]
    if kind == "value_error":
        text = str(problem["ctx"]["error"])
        return text if text.startswith(".") else f" {text}"
    if kind == "extra_forbidden":
        *others, last = _siblings(shape, problem["loc"])
        return f" is unknown; expected {', '.join(others)} or {last}"
    expected = (field and field.description) or problem["msg"].lower()
    if kind == "missing" or value is None or value in ("", [], {}) or str(value).isspace():
        return f" is missing or empty; expected {expected}"
    return f" is {value}; expected {expected}"


def _siblings(shape: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    owner = shape
    for step in location[:-1]:
        if step in owner.model_fields:
            owner = _part_in(owner.model_fields[str(step)].annotation) or owner
    return list(owner.model_fields)
