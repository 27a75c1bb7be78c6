"""Reading the settings: environment and files in, one tree or one list of what is wrong out."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from schemas.json_values import JsonObject
from schemas.wording import rule_of
from services.settings.deployment_key import key_bytes
from services.settings.rules import broken_rules
from services.settings.tree import Settings, leaves

PREFIX = "STAFETT_"
SECRETS = "SECRET_"
FILE = "_FILE"
# A Kubernetes Service that is called stafett puts these into every pod of its namespace.
_KUBERNETES = re.compile(r"(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")


class SettingsError(Exception):
    """Settings that cannot be used. `problems` are lines of the form `VARIABLE: rule`."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def variable(path: tuple[str, ...]) -> str:
    """The environment variable of a setting."""
    return PREFIX + "_".join(path).upper()


def is_given(name: str, environ: Mapping[str, str]) -> bool:
    """Whether the environment says what a setting is, by itself or by the name of a file: it rules over the folder's `.env` either
    way."""
    setting = name.removesuffix(FILE)
    return setting in environ or setting + FILE in environ


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process, from `os.environ` unless another mapping is given.

    Raises:
        SettingsError: all that is wrong with them: unknown variables, unreadable files, values, combinations.
    """
    given = {
        name: value for name, value in (os.environ if environ is None else environ).items() if name.startswith(PREFIX)
    }
    reader = _Reader(given)
    values = reader.values()
    problems = [*reader.problems, *_unknown(set(given) - reader.used)]
    if problems:
        raise SettingsError(*problems)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(*map(_error_text, error.errors(include_url=False))) from None
    if problems := broken_rules(settings):
        raise SettingsError(*problems)
    return settings


def deployment_key(settings: Settings) -> bytes:
    """The deployment key's bytes.

    Raises:
        SettingsError: there is none.
    """
    if settings.deployment_key is None:
        raise SettingsError(
            f"{PREFIX}DEPLOYMENT_KEY: is not set; name the folder that `stafett new` made by --config, or give all processes the"
            f" same one, for example from: openssl rand -hex 32 > key, {PREFIX}DEPLOYMENT_KEY_FILE=key"
        )
    return key_bytes(settings.deployment_key.get_secret_value())


class _Reader:
    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.used: set[str] = set()
        self.problems: list[str] = []

    def values(self) -> JsonObject:
        tree: JsonObject = {}
        sources: dict[str, str] = {}
        for path in leaves():
            name = variable(path)
            found = self._one(name)
            if found is not None:
                value, sources[name] = found
                _put_value(tree, path, value)
        return {**tree, "secrets": self._secrets(sources), "sources": sources}

    def _secrets(self, sources: dict[str, str]) -> dict[str, SecretStr]:
        secrets: dict[str, SecretStr] = {}
        for name in sorted({name.removesuffix(FILE) for name in self._given if name.startswith(PREFIX + SECRETS)}):
            found = self._one(name)
            if found is not None:
                secrets[name.removeprefix(PREFIX + SECRETS)] = SecretStr(found[0])
                sources[name] = found[1]
        return secrets

    def _one(self, name: str) -> tuple[str, str] | None:
        """(value, source) of a variable; empty values count as not given, as compose files write them."""
        file = self._given.get(name + FILE)
        self.used |= {name, name + FILE}
        if not file:
            value = self._given.get(name)
            return (value, "environment") if value else None
        if self._given.get(name):
            self.problems.append(f"{name}: is given twice, also as {name}{FILE}; remove one of them")
            return None
        try:
            text = Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name}{FILE}: cannot read {file}: {getattr(error, 'strerror', None) or 'not UTF-8'}")
            return None
        return text.removesuffix("\n").removesuffix("\r"), f"file {file}"


def _put_value(tree: JsonObject, path: tuple[str, ...], value: str) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _unknown(names: set[str]) -> Iterator[str]:
    """A misspelt variable must not silently mean the default: a wrong DATABASE_URL would start an empty SQLite file."""
    known = [variable(path) for path in leaves()]
    for name in sorted(names):
        if _KUBERNETES.fullmatch(name.removeprefix(PREFIX)):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        yield f"{name}: there is no such setting; " + (f"did you mean {near[0]}?" if near else "see `stafett settings`")


def _error_text(error: Any) -> str:
    return f"{variable(tuple(str(part) for part in error['loc'] if part != 'function-before'))}: {rule_of(error)}"
