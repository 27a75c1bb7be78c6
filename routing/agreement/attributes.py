"""Attributes: facts of an organisation's own, declared with their type in the agreement and read off signals' fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, assert_never

from schemas import market

MAX_TEXT = 100
_YES_WORDS = """
    true yes y ja j oui si sí sim tak on 1 x kyllä sant sand sann wahr vrai verdadero verdadeiro vero waar tosi prawda
"""
_NO_WORDS = """
    false no n nej nei nein nee não nie non off 0 ei falskt falsk usann falsch faux falso onwaar epätosi fałsz
"""
_YES = frozenset(_YES_WORDS.split())
_NO = frozenset(_NO_WORDS.split())
"""With what a spreadsheet writes for true and false in its owner's language, such as SANT and FALSKT."""


class Attribute(NamedTuple):
    """An attribute by its name; names of fields as they are compared."""

    name: str
    type: market.AttributeType
    fields: tuple[str, ...]


class CompiledAttributes(NamedTuple):
    """All attributes that an agreement declares, and all fields that they are read off."""

    attributes: tuple[Attribute, ...]
    fields: frozenset[str]


def compile_attributes(file: Mapping[str, market.Attribute]) -> CompiledAttributes:
    attributes = tuple(
        Attribute(name, one.type, tuple(field.casefold() for field in one.fields)) for name, one in file.items()
    )
    return CompiledAttributes(attributes, frozenset(field for one in attributes for field in one.fields))


def read(wanted: CompiledAttributes, fields: Mapping[str, object]) -> dict[str, str | float | bool]:
    """The value of each attribute that the fields hold, as its type. What is not of the type is left where it was."""
    values: dict[str, object] = {}
    for field, value in fields.items():
        plain = field.strip().casefold()
        if plain in wanted.fields:
            values[plain] = value
    return _of_type(wanted.attributes, values) if values else {}


def _of_type(attributes: tuple[Attribute, ...], values: Mapping[str, object]) -> dict[str, str | float | bool]:
    typed: dict[str, str | float | bool] = {}
    for name, kind, names in attributes:
        for field in names:
            value = _value_of_type(kind, values[field]) if field in values else None
            if value is not None:
                typed[name] = value
                break
    return typed


def _value_of_type(kind: market.AttributeType, value: object) -> str | float | bool | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    match kind:
        case "yes_no":
            word = str(value).strip().casefold()
            return True if word in _YES else False if word in _NO else None
        case "number":
            return _number(value)
        case "text":
            return _text(value)
        case _:
            assert_never(kind)


def _text(value: object) -> str | None:
    """An address is no attribute: what definitions decide on names nobody."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return text if text and len(text) <= MAX_TEXT and "@" not in text else None


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        value = value.replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
