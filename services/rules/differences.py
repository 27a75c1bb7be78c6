"""What one version of the agreement's file says otherwise than another, path by path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.yamlfile import plain_data


def file_differences(old: str, new: str) -> list[str]:
    """Of two texts that are sound YAML: a line for each path at which they say something else. Comments and layout say nothing."""
    return list(differences(plain_data(old), plain_data(new), ""))


def differences(old: Any, new: Any, path: str) -> Iterator[str]:
    """A line for each path at which the two say something else. Entries of a list are matched by their names."""
    if isinstance(old, list) and isinstance(new, list) and all(map(_name, (*old, *new))):
        before, after = [_name(entry) for entry in old], [_name(entry) for entry in new]
        if before != after and set(before) == set(after):
            yield f"{path}: another order: {', '.join(map(str, after))}"
        old, new = dict(zip(before, old, strict=True)), dict(zip(after, new, strict=True))
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif old != new:
        yield f"{path}: {_value_text(old)} -> {_value_text(new)}"


def _name(entry: Any) -> str | None:
    return entry.get("name") if isinstance(entry, dict) else None


def _value_text(value: Any) -> str:
    return "(nothing)" if value is None else json.dumps(value, ensure_ascii=False)
