"""Events on the topic `marketing`: silence while sales is in dialogue, and the tracks of nurturing."""

from __future__ import annotations

from typing import Literal

from schemas.events.base import Contact, EventData, Owner, Stage, Track
from schemas.signals import Reference


class SuppressionStarted(EventData, frozen=True, kw_only=True):
    """Stop automated mail to this person: a salesperson is in dialogue with them."""

    type_name = "stafett.suppression.started.v1"
    topic = "marketing"
    reason: str
    exempt_lists: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class SuppressionChanged(EventData, frozen=True, kw_only=True):
    """Mail is still to stop, but for another `reason`, or with other `exempt_lists`, which say all that is exempt now."""

    type_name = "stafett.suppression.changed.v1"
    topic = "marketing"
    reason: str
    exempt_lists: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class SuppressionReleased(EventData, frozen=True, kw_only=True):
    type_name = "stafett.suppression.released.v1"
    topic = "marketing"
    reason: str
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class ListStopped(EventData, frozen=True, kw_only=True):
    """The person left these lists: their mail stops, whoever sends it, and other mail may go on."""

    type_name = "stafett.list.stopped.v1"
    topic = "marketing"
    lists: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class ListReleased(EventData, frozen=True, kw_only=True):
    """The person joined these lists again."""

    type_name = "stafett.list.released.v1"
    topic = "marketing"
    lists: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class SuppressionViolated(EventData, frozen=True, kw_only=True):
    type_name = "stafett.suppression.violated.v1"
    topic = "marketing"
    source: str
    campaign: str | None = None
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class ConsentRequested(EventData, frozen=True, kw_only=True):
    """Somebody unproven said yes to `purpose` with this person's address: ask the person. Until somebody proven says `given`, the
    consent is what `state` says: only asked for, or withdrawn as before. Told once a day at most."""

    type_name = "stafett.consent.requested.v1"
    topic = "marketing"
    purpose: str
    state: Literal["asked_for", "withdrawn"]
    source: str
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class NurtureEntered(EventData, frozen=True, kw_only=True):
    """`track` is one of the three, by which the purpose is told; `own_track` the agreement's own name of a track within it."""

    type_name = "stafett.nurture.entered.v1"
    topic = "marketing"
    track: Track
    own_track: str | None = None
    purpose: str | None = None
    programme: str | None = None
    reason: str
    detail: str | None = None
    pass_number: int
    owner: Owner | None = None
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class NurtureLeft(EventData, frozen=True, kw_only=True):
    type_name = "stafett.nurture.left.v1"
    topic = "marketing"
    track: Track
    to_stage: Stage
    own_track: str | None = None
