"""A CRM that has no file of ours, described by its requests: how each kind of record is found, read, made, changed and linked.

A path is a text with placeholders of a closed set, each written into it escaped; nothing in it can be called or chosen. A member is a
place in a body of JSON, with dots into objects and numbers into lists: `data.items.0.id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from schemas.duration import Window
from schemas.json_values import JsonValue
from schemas.sinks.base import CrmSink, RecordKind, ValueName
from schemas.sources import SecretName
from schemas.words import probably
from schemas.yamlfile import BrokenAt, FileModel

KEYS = ("key", "email", "phone", "marker")
"""Placeholders by which a record is found. `key` is ours of the record, `marker` the last line of its text."""
PARENTS = ("contact", "company", "opportunity")
"""Placeholders for ids of the records that another one hangs on."""
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
Place = Annotated[str, Field(pattern=r"^[A-Za-z0-9_@$-]+(\.[A-Za-z0-9_@$-]+)*$", max_length=200)]
Path = Annotated[str, Field(pattern=r"^/[^\s#]*$", max_length=500)]
Scalar = str | int | float | bool
Parent = Literal["contact", "company", "opportunity"]
Meaning = Literal["throttled", "spent", "locked", "transient", "refused_data", "refused_setup", "gone"]
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key"})


class Header(FileModel):
    """A header of every request: a `value`, or a `secret` by name with a text `before` it, such as `Bearer `."""

    value: Annotated[str, Field(max_length=500, pattern=r"^[\x20-\x7e]*$")] | None = None
    secret: SecretName | None = None
    before: Annotated[str, Field(max_length=50, pattern=r"^[\x20-\x7e]*$")] = ""

    @model_validator(mode="after")
    def _has_one(self) -> Header:
        if (self.value is None) == (self.secret is None):
            raise ValueError("a header has one of `value` and `secret`")
        return self


class Member(FileModel):
    """Where a value of ours is written. `shape`: as it is, as a number, as an instant (RFC 3339, in UTC, to the second) or as a day.
    `words`: theirs for each of ours."""

    member: Place
    shape: Literal["text", "number", "instant", "day"] = "text"
    words: dict[str, Scalar] = {}


def _short(value: JsonValue) -> JsonValue:
    """`email: e_mail` is `email: {member: e_mail}`."""
    if not isinstance(value, dict):
        return value
    return {name: {"member": one} if isinstance(one, str) else one for name, one in value.items()}


class Question(FileModel):
    """How a record is found. `rows`: where the records stand in the answer, without it the answer is one record. `proof`: the member of
    a record that has to hold what was asked for; a record that does not hold it is none of ours, however it came into the answer."""

    method: Literal["GET", "POST"] = "GET"
    path: Path
    body: dict[Place, Annotated[str, Field(max_length=200)]] = {}
    rows: Place | None = None
    proof: Place


class Request(FileModel):
    """A request about one record. `answer`: where the record stands in its answer, `body`: where its members go in what is sent;
    without them they stand at the top."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Path
    answer: Place | None = None
    body: Place | None = None


class Making(Request):
    """`existing`: where a 409 names the record that is there already, which is ours from then on."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    existing: Place | None = None


class Linking(Request):
    """`members`: where the ids of the records go, beside what stands in the path."""

    members: dict[Parent, Member] = {}

    @field_validator("members", mode="before")
    @classmethod
    def _short_members(cls, value: JsonValue) -> JsonValue:
        return _short(value)


class Closed(FileModel):
    """A record with one of these values in `member` is over: a deal that was won or lost, a task that was done."""

    member: Place
    values: Annotated[tuple[Scalar, ...], Field(min_length=1)]


class HttpRecord(FileModel):
    """One kind of record. `key`: the member that keeps our key. `values`: members of what a sink writes by itself, `parents`: of the
    ids that it hangs on, `fixed`: what every new one has. `id` and `url` are members of a record. `cancel` ends a task that is not
    needed any more, where that is another request than a change; `delete` takes a record away once the person is erased."""

    find: tuple[Question, ...] = ()
    read: Request | None = None
    make: Making
    change: Request | None = None
    cancel: Request | None = None
    delete: Request | None = None
    links: dict[Literal["contact", "company"], Linking] = {}
    id: Place = "id"
    url: Place | None = None
    key: Member | None = None
    values: dict[ValueName, Member] = {}
    parents: dict[Parent, Member] = {}
    fixed: dict[Place, Scalar] = {}
    closed: Closed | None = None

    @field_validator("find", mode="before")
    @classmethod
    def _one_or_more(cls, value: JsonValue) -> JsonValue:
        return (value,) if isinstance(value, dict) else value

    @field_validator("key", mode="before")
    @classmethod
    def _short_key(cls, value: JsonValue) -> JsonValue:
        return {"member": value} if isinstance(value, str) else value

    @field_validator("values", "parents", mode="before")
    @classmethod
    def _short_members(cls, value: JsonValue) -> JsonValue:
        return _short(value)

    @model_validator(mode="after")
    def _is_whole(self) -> HttpRecord:
        for number, question in enumerate(self.find):
            _check_question(question, self.key, number)
        _check_path(self.make.path, (*KEYS, *PARENTS), "make")
        for name, request in (
            ("read", self.read),
            ("change", self.change),
            ("cancel", self.cancel),
            ("delete", self.delete),
        ):
            if request is not None:
                _check_path(request.path, ("id",), name)
                if "{id}" not in request.path:
                    raise BrokenAt("the path has no `{id}`, so it is the same for every record", name, "path")
        for other, link in self.links.items():
            _check_path(link.path, ("opportunity", other), "links", other)
        if (self.read is None) != (self.change is None):
            rule = "a change is made of what is not there yet, so `read` and `change` come together"
            raise BrokenAt(rule, "change" if self.read is None else "read")
        if self.cancel is not None and "state" not in self.values:
            raise BrokenAt("needs `values: {state: ...}`, where it is read that a task was done", "cancel")
        return self


class HttpRecords(FileModel):
    """What there is of a hand-over; kinds that are not named are left out."""

    contact: HttpRecord | None = None
    company: HttpRecord | None = None
    opportunity: HttpRecord
    note: HttpRecord | None = None
    task: HttpRecord | None = None

    @model_validator(mode="after")
    def _opportunity_is_changed(self) -> HttpRecords:
        if self.opportunity.change is None:
            raise BrokenAt("a second offer gives it another owner, so it needs `read` and `change`", "opportunity")
        return self

    def items(self) -> Iterator[tuple[RecordKind, HttpRecord]]:
        """Those that there are, by their kind."""
        kinds: tuple[RecordKind, ...] = ("contact", "company", "opportunity", "note", "task")
        yield from ((kind, record) for kind in kinds if (record := getattr(self, kind)) is not None)


class Rule(FileModel):
    """What an answer means. It is one with this `status` and, where `member` is named, with that member in its body, of this `value` if
    one is named. `field`: where the body names the field that it is about. The first rule that fits counts, also for a 200."""

    status: Annotated[int, Field(ge=200, le=599)]
    means: Meaning
    member: Place | None = None
    value: Scalar | None = None
    field: Place | None = None

    @model_validator(mode="after")
    def _a_value_is_of_a_member(self) -> Rule:
        if self.status < 300 and self.member is None:
            raise BrokenAt("an answer of success is trouble only by a `member` of its body", "member")
        if self.value is not None and self.member is None:
            raise BrokenAt("is of a `member`, which is missing", "value")
        return self


class Whoami(FileModel):
    """Who we write as: `id` is the member of the answer."""

    path: Path
    id: Place = "id"


class HttpSink(CrmSink):
    """`headers` are sent with every request. `keeps_idempotency_key`: the receiver answers a second create with the same
    `Idempotency-Key` by the first one's answer, for days at least; creates are then sent again until they are answered. `settle`: how
    long a question may miss what was made."""

    kind: Literal["http"]
    headers: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,99}$")], Header] = {}
    keeps_idempotency_key: bool = False
    settle: Window = timedelta(0)
    records: HttpRecords
    answers: Annotated[tuple[Rule, ...], Field(max_length=100)] = ()
    whoami: Whoami | None = None

    @field_validator("headers", mode="before")
    @classmethod
    def _short_headers(cls, value: JsonValue) -> JsonValue:
        """`X-Tenant: nordlys` is `X-Tenant: {value: nordlys}`."""
        if not isinstance(value, dict):
            return value
        return {name: {"value": one} if isinstance(one, str) else one for name, one in value.items()}

    @model_validator(mode="after")
    def _is_safe(self) -> HttpSink:
        for name in self.headers:
            if name.lower() in _OURS:
                raise BrokenAt("this header is set by Stafett itself", "headers", name)
        for kind, record in self.records.items():
            if not record.find and not self.keeps_idempotency_key:
                rule = "without `find` a create that was not answered would be made twice; only with `keeps_idempotency_key` it is not"
                raise BrokenAt(rule, "records", kind)
        return self

    @property
    def secrets(self) -> tuple[SecretName, ...]:
        """The names of the secrets in the headers."""
        return tuple(header.secret for header in self.headers.values() if header.secret is not None)


def _check_path(path: str, allowed: tuple[str, ...], *where: str | int) -> None:
    for name in PLACEHOLDER.findall(path):
        if name not in allowed:
            told = f"`{{{name[:40]}}}` is no placeholder here{probably(name, allowed)}; there are "
            raise BrokenAt(told + ", ".join(f"{{{one}}}" for one in allowed), *where, "path")
    if set("{}") & set(PLACEHOLDER.sub("", path)):
        raise BrokenAt("a brace without its other half", *where, "path")


def _check_question(question: Question, key: Member | None, number: int) -> None:
    texts = (question.path, *question.body.values())
    for text in texts:
        _check_path(text, (*KEYS, *PARENTS), "find", number)
    asked = {name for text in texts for name in PLACEHOLDER.findall(text) if name in KEYS}
    if len(asked) > 1:
        raise BrokenAt(
            "a question is by one of key, email, phone and marker: give two questions", "find", number, "path"
        )
    if asked == {"key"} and key is None:
        raise BrokenAt(
            "it is asked for by our key, so `key` has to name the member that keeps it", "find", number, "path"
        )
