"""The settings for people: what is in force, where it comes from, what it means. Secrets are never shown."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from typing import Any, NamedTuple

from pydantic import SecretStr

from services.settings.reading import PREFIX, SECRETS, variable
from services.settings.tree import Settings, leaves
from services.settings.urls import without_password

HIDDEN = "***"


class Described(NamedTuple):
    """One setting. `source` is `default`, `environment` or `file PATH`."""

    name: str
    value: str
    source: str
    meaning: str


def describe(settings: Settings) -> list[Described]:
    """Every setting in the order of the tree; secrets as three stars, what is not set as an empty value."""
    rows = []
    for path, field in leaves().items():
        name = variable(path)
        value = reduce(getattr, path, settings)
        rows.append(Described(name, _value_text(value), settings.sources.get(name, "default"), field.description or ""))
    meaning = Settings.model_fields["secrets"].description or ""
    secrets = [PREFIX + SECRETS + name for name in settings.secrets]
    return rows + [Described(name, HIDDEN, settings.sources.get(name, "default"), meaning) for name in secrets]


def _value_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return HIDDEN
        case timedelta():
            return _duration(value)
        case tuple():
            return ",".join(map(str, value))
        case str() if "://" in value:
            return without_password(value)
        case _:
            return str(value)


def _duration(value: timedelta) -> str:
    """In the largest unit that it is whole in, as it is written in the environment."""
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        count, rest = divmod(value, timedelta(milliseconds=length))
        if count and not rest:
            return f"{count}{unit}"
    return f"{value / timedelta(milliseconds=1):g}ms"
