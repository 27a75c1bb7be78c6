"""What all events have in common, and the words that they share."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from schemas.signals import Mode, Person

Topic = Literal["leads", "handovers", "sla", "marketing"]
TOPICS: tuple[Topic, ...] = ("leads", "handovers", "sla", "marketing")
Stage = Literal["prospecting", "contact", "qualification", "hand_over", "deal", "nurturing"]
STAGES: tuple[Stage, ...] = ("prospecting", "contact", "qualification", "hand_over", "deal", "nurturing")
Track = Literal["warm_up", "recycle", "growth"]
Disposition = Literal["active", "spam", "not_a_buyer", "do_not_contact", "erased"]


class Owner(BaseModel):
    """A person of the roster with the ids that other systems know them by, as `{system: id}`."""

    model_config = ConfigDict(frozen=True)
    person: str
    ids: dict[str, str] = {}


class EventData(BaseModel):
    """Base of all event bodies. `type_name` and `topic` belong to the class; `mode` is the mode of the causing signal."""

    model_config = ConfigDict(frozen=True)
    type_name: ClassVar[str]
    topic: ClassVar[Topic]
    mode: Mode = "live"


class Said(BaseModel):
    """What was said with one entry of a dossier's record."""

    model_config = ConfigDict(frozen=True)
    signal_id: str
    words: dict[str, Any]


class Contact(BaseModel):
    """Personal part of an event: whom it is about, so that a platform can find them. Emptied by an erasure."""

    model_config = ConfigDict(frozen=True)
    person: Person = Person()
    answers: dict[str, Any] = {}


class DossierContact(Contact):
    """The words of a dossier: what they need, and what was said, by the entries of the record."""

    said: tuple[Said, ...] = ()
