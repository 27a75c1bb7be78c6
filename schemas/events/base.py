"""What all events have in common, and the words that they share."""

from __future__ import annotations

from typing import ClassVar, Literal

from schemas.events.parts import EventPart
from schemas.instants import At
from schemas.json_values import JsonObject
from schemas.signals import Mode, Person

Topic = Literal["leads", "handovers", "sla", "marketing"]
TOPICS: tuple[Topic, ...] = ("leads", "handovers", "sla", "marketing")
Stage = Literal["prospecting", "contact", "qualification", "hand_over", "deal", "nurturing"]
STAGES: tuple[Stage, ...] = ("prospecting", "contact", "qualification", "hand_over", "deal", "nurturing")
Track = Literal["warm_up", "recycle", "growth"]
Disposition = Literal["active", "spam", "not_a_buyer", "do_not_contact", "erased"]


class Owner(EventPart, frozen=True, kw_only=True):
    """A person of the roster with the ids that other systems know them by, as `{system: id}`."""

    person: str
    ids: dict[str, str] = {}


class Said(EventPart, frozen=True, kw_only=True):
    """What was said with one entry of a dossier's record."""

    signal_id: str
    words: JsonObject


class Contact(EventPart, frozen=True, kw_only=True):
    """Personal part of an event: whom it is about, so that a platform can find them. Emptied by an erasure."""

    person: Person = Person()
    answers: JsonObject = {}


class Proposed(EventPart, frozen=True, kw_only=True):
    """What somebody unproven said of a fact that somebody proven had told otherwise: the lead's fact `name` stays as it was."""

    name: str
    value: str | int | float | bool
    at: At
    source: str
    signal_id: str


class DossierContact(Contact, frozen=True, kw_only=True):
    """The words of a dossier: what they need, and what was said, by the entries of the record.

    `unproven` are names of the person's facts that nobody proven has said, `proposed` what contradicts proven facts. `hash` is
    another one as soon as anything of the dossier is, facts or words; it is here since it depends on what is personal.
    """

    said: tuple[Said, ...] = ()
    unproven: tuple[str, ...] = ()
    proposed: tuple[Proposed, ...] = ()
    hash: str | None = None


class EventData(EventPart, frozen=True, kw_only=True):
    """Base of all event bodies. `type_name` and `topic` belong to the class; `mode` is the mode of the causing signal."""

    type_name: ClassVar[str]
    topic: ClassVar[Topic]
    mode: Mode = "live"

    @property
    def owner(self) -> Owner | None:
        """Whose it is; None for an event that says nothing of it."""
        return None

    @property
    def personal(self) -> Contact | None:
        """The last member, of the events that have one: it is kept apart from the facts."""
        return None
