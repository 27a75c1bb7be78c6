"""The CloudEvents 1.0 envelope around every event.

It is one JSON object whose last member is `data`, whose last member is `personal`. It is kept as two texts, `head` (all
up to the value of `personal`) and `personal` (that value, or None), so that an erasure empties a column and the bytes
stay the same everywhere: `whole(head, personal)`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic_core import to_json

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
        """`data` as its typed model; KeyError for a type that this version does not know."""
        return EVENT_TYPES[self.type].model_validate(self.data)


@lru_cache(maxsize=256)
def instant(at: datetime) -> str:
    """RFC 3339 with microseconds and `Z`; `at` must be aware UTC."""
    return f"{at.isoformat(timespec='microseconds')[:26]}Z"


def render(attributes: dict[str, str], data: EventData) -> tuple[str, str | None]:
    """(head, personal) of an envelope with these CloudEvents attributes, in their order, and this data."""
    personal = getattr(data, "personal", None)
    text = personal.model_dump_json(by_alias=True, exclude_none=True) if personal is not None else None
    facts = data.model_dump_json(by_alias=True, exclude={"personal"})
    head = f'{to_json(attributes).decode()[:-1]},"data":{facts[:-1]},"personal":'
    return head, text


def whole(head: str, personal: str | None) -> str:
    """The envelope's JSON text from its two halves."""
    return f"{head}{personal or 'null'}}}}}"
