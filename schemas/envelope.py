"""The CloudEvents 1.0 envelope around every event.

It is one JSON object whose last member is `data`, whose last member is `personal`. It is kept as two texts, `head` (all
up to the value of `personal`) and `personal` (that value, or None), so that an erasure empties a column and the bytes
stay the same everywhere: `whole(head, personal)`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec.structs import replace
from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas.events import EVENT_TYPES, EventData
from schemas.json_values import JsonObject
from schemas.signals import Mode


class Envelope(BaseModel):
    """The CloudEvents 1.0 envelope as consumers parse it; unknown members are kept out of their way (v1 only grows)."""

    model_config = ConfigDict(extra="ignore")
    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    dataschema: str
    partitionkey: str
    sequence: str
    correlationid: str
    causationid: str
    recordedtime: AwareDatetime
    agreementversion: str
    mode: Mode
    traceparent: str | None = None
    data: JsonObject

    def body(self) -> EventData:
        """`data` as its type has it; unknown members of it are passed over.

        Raises KeyError for a type that this version does not know, msgspec.ValidationError where `data` is not of it.
        """
        return msgspec.convert(self.data, EVENT_TYPES[self.type])


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope as we write it, in this order; `data` is without its personal part, which is written by itself."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    partitionkey: str
    sequence: str
    correlationid: str
    causationid: str
    recordedtime: str
    agreementversion: str
    mode: Mode
    traceparent: str | msgspec.UnsetType = msgspec.UNSET
    data: EventData

    def head(self) -> str:
        """All up to the value of `personal`."""
        text = _WRITE(self).decode()
        # The last member of those that have it, null here; the others are given it.
        apart = self.data.__struct_fields__[-1] == "personal"
        return text[: -len("null}}")] if apart else f'{text[: -len("}}")]},"personal":'


def split_personal(data: EventData) -> tuple[EventData, str | None]:
    """(the same without its personal part, that part as JSON)."""
    if data.personal is None:
        return data, None
    return replace(data, personal=None), _WRITE(data.personal).decode()


def whole(head: str, personal: str | None) -> str:
    """The envelope's JSON text from its two halves."""
    return f"{head}{personal or 'null'}}}}}"


class _OnlyMode(msgspec.Struct):
    mode: Mode


def mode_of(head: str) -> Mode:
    """The envelope's mode, from the half that is kept of every event. Raises msgspec.DecodeError where it is no half of ours."""
    return _READ_MODE.decode(whole(head, None)).mode


def instant(at: datetime) -> str:
    """RFC 3339 with microseconds and `Z`; `at` must be aware. An absence may be written with an offset."""
    text = _WRITE(at.astimezone(UTC))[1:-2].decode()
    return f"{text}Z" if at.microsecond else f"{text}.000000Z"


_WRITE = msgspec.json.Encoder().encode
_READ_MODE = msgspec.json.Decoder(_OnlyMode)
