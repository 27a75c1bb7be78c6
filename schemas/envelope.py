"""The CloudEvents 1.0 envelope around every event.

It is one JSON object whose last member is `data`, whose last member is `personal`. It is kept as two texts, `head` (all
up to the value of `personal`) and `personal` (that value, or None), so that an erasure empties a column and the bytes
stay the same everywhere: `whole(head, personal)`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec.structs import replace
from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas.events import EVENT_TYPES, EventData
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
    data: dict[str, Any]

    def body(self) -> EventData:
        """`data` as its type has it; unknown members of it are passed over.

        Raises KeyError for a type that this version does not know, msgspec.ValidationError where `data` is not of it.
        """
        return msgspec.convert(self.data, EVENT_TYPES[self.type], dec_hook=_part_of_a_signal)


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """What the envelope says beside `data`, in this order."""

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


@lru_cache(maxsize=256)
def instant(at: datetime) -> str:
    """RFC 3339 with microseconds and `Z`; `at` must be aware UTC."""
    return f"{at.isoformat(timespec='microseconds')[:26]}Z"


def render(attributes: Attributes, data: EventData) -> tuple[str, str | None]:
    """(head, personal) of an envelope with these CloudEvents attributes and this data."""
    personal = None
    if data.personal is not None:
        personal = _PERSONAL.encode(data.personal).decode()
        data = replace(data, personal=None)
    facts = _FACTS.encode(data).decode()
    # The last member of those that have it, as null now; the others get it.
    facts = facts[: -len("null}")] if data.__struct_fields__[-1] == "personal" else f'{facts[:-1]},"personal":'
    return f'{_FACTS.encode(attributes).decode()[:-1]},"data":{facts}', personal


def whole(head: str, personal: str | None) -> str:
    """The envelope's JSON text from its two halves."""
    return f"{head}{personal or 'null'}}}}}"


def _part_of_a_signal(kind: type[BaseModel], value: Any) -> BaseModel:
    return kind.model_validate(value)


def _known(part: BaseModel) -> dict[str, Any]:
    return {name: value for name, value in vars(part).items() if value is not None}


_FACTS = msgspec.json.Encoder(enc_hook=vars)
_PERSONAL = msgspec.json.Encoder(enc_hook=_known)
"""An unknown name or number is left out; an absent fact is null."""
