"""Rows as one array for each column, as PostgreSQL takes many of them at once.

Of an array the driver asks each element whether it is an array itself, which costs more than all else that it does with
it; so what can goes as one text, and PostgreSQL parts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.ports.errors import StoreRejected

_PART, _NULL = "\x1f", "\x1e"
"""Between the values, and in the place of one that is not there."""


def array(parameter: str, kind: str) -> str:
    """The SQL that makes an array of type `kind` of such a text."""
    return f"string_to_array(CAST({parameter} AS text), chr(31), chr(30))::{kind}[]"


def columns_of(rows: Sequence[Sequence[Any]]) -> tuple[Sequence[Any], ...]:
    return tuple(zip(*rows, strict=True))


def texts(columns: Sequence[Sequence[Any]]) -> tuple[str, ...] | None:
    """Each column as one text. None where that cannot be: one of the values holds a control character that we part them
    by, or there is one value only, which may be empty: then nothing would be found in the text."""
    if len(columns[0]) == 1:
        return None
    found = [text for text in map(_text, columns) if text is not None]
    return tuple(found) if len(found) == len(columns) else None


def _text(column: Sequence[Any]) -> str | None:
    try:
        plain, said = "".join(column), column
    except TypeError:  # not texts only
        plain = "".join([value for value in column if isinstance(value, str)])
        said = [_NULL if value is None else str(value) for value in column]
    return None if _PART in plain or _NULL in plain else _PART.join(said)


def key_array(parameter: str, kind: str) -> str:
    """The SQL that makes an array of `keys`."""
    return (
        f"string_to_array(CAST({parameter} AS text), chr(31))" if kind == "text" else f"CAST({parameter} AS {kind}[])"
    )


def keys(column: Sequence[Any]) -> Any:
    """A column of keys that are looked up, none of them empty or missing: as one text where they are texts. Raises
    StoreRejected for a text that none of ours is."""
    if not isinstance(column[0], str):
        return column
    joined = _PART.join(column)
    if joined.count(_PART) != len(column) - 1:
        raise StoreRejected("a key holds a control character")
    return joined
