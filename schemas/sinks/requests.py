"""A marketing platform that no file of ours knows, described by its requests: how a contact is found, and how each kind of audience is
asked for, entered and left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.duration import Window
from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.marketing import MarketingSink, Mechanism
from schemas.sources import SecretName
from schemas.words import probably
from schemas.yamlfile import BrokenAt, FileModel

PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
PLACEHOLDERS = ("audience", "contact", "email", "first_name", "last_name", "lead")
Path = Annotated[str, StringConstraints(pattern=r"^/[^\s#]*$", max_length=500)]
Dotted = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*$", max_length=200)]
"""Where something is in an answer: `data.0.id`; a number counts in a list."""


class Lookup(FileModel):
    """A GET. `id`: where the contact's id is in the answer; nothing there means that there is no such contact."""

    path: Path
    id: Dotted = "id"


class Finding(Lookup):
    """A look-up by `{email}`. `email`: where the address is in the answer, which has to be the one that was asked for: many APIs leave out
    a filter that they do not know, and answer with somebody."""

    email: Dotted


class PresenceLookup(FileModel):
    """A GET that answers what a contact is in. `rows`: where the list of it is; `key`: which field of a row is the audience's id, left out
    where the rows are the ids themselves; `where`: fields that a row has to have for the contact to be in.
    """

    path: Path
    rows: Dotted
    key: Dotted | None = None
    where: dict[Dotted, str] = {}


class Change(FileModel):
    """A request that changes something; sent again it has to change no more. `{contact}` and the others stand in `path` and in the
    texts of `body`."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: Path
    body: JsonObject | None = None


class Making(Change):
    """One that makes a contact of `{email}`, or answers the one that there is; `id` as in a look-up."""

    id: Dotted = "id"


class AudienceRequests(FileModel):
    """How one kind of audience is asked for, entered and left."""

    presence: PresenceLookup
    enter: Change
    leave: Change


class HttpMarketingSink(MarketingSink):
    """`find` looks for `{email}`, `read` for `{contact}`; without it an id is believed. `requests` are by kind of audience. `secret` is sent
    in `header` as `scheme` and a blank before it. `delete` takes away a contact that we made, once the person is erased. `settle`: how long after a change a look-up may still tell what was before it.
    """

    kind: Literal["http"]
    secret: SecretName
    header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z-]{0,60}$")] = "Authorization"
    scheme: Annotated[str, Field(pattern=r"^[A-Za-z-]{0,40}$")] = "Bearer"
    system: ClassVar[str] = "http"
    find: Finding
    read: Lookup | None = None
    make: Making | None = None
    delete: Change | None = None
    requests: dict[Mechanism, AudienceRequests]
    settle: Window | None = None
    has_hard: ClassVar[bool] = False

    @model_validator(mode="after")
    def _is_described(self) -> Self:
        for place, entry in self.entries():
            for mechanism, _ in entry.ids():
                if mechanism not in self.requests:
                    raise BrokenAt(f"`requests` has no `{mechanism}`", *place.split("."), mechanism)
        if self.create and self.make is None:
            raise BrokenAt("needs `make`, the request that makes a contact", "create")
        for path, text in _texts(self.model_dump(include={"find", "read", "make", "delete", "requests"}), ()):
            for name in PLACEHOLDER.findall(text):
                if name not in PLACEHOLDERS:
                    raise BrokenAt(f"there is no `{{{name}}}`{probably(name, PLACEHOLDERS)}", *path)
        return self


def _texts(value: JsonValue, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in it, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number))
