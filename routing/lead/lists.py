"""Lists that the person left, one by one: their mail stops, other mail may go on. Each is kept as a consent of its own, so that
the later word counts in any order of arrival, and follows the person where two leads become one."""

from __future__ import annotations

from typing import Literal

from routing.draft import Draft
from routing.lead.absorb import note_consent
from routing.model.records import Lead
from schemas.events import ListReleased, ListStopped
from schemas.json_values import JsonObject
from schemas.signals import Kind, Signal

MOST = 200
"""Lists that are remembered of one lead."""
_PREFIX = "list:"


def purpose(name: str) -> str:
    """The name of the consent for this list."""
    return f"{_PREFIX}{name}"


def list_of(consent: str) -> str | None:
    """The list that a consent of this name is about; None for one that is about something else."""
    return consent.removeprefix(_PREFIX) if consent.startswith(_PREFIX) else None


def left_lists(lead: Lead) -> frozenset[str]:
    """The lists that the person left and did not join again."""
    return frozenset(
        purpose.removeprefix(_PREFIX)
        for purpose, state in lead.consents.items()
        if state == "withdrawn" and purpose.startswith(_PREFIX)
    )


def stated_consents(signal: Signal) -> list[tuple[str, Literal["given", "withdrawn"]]]:
    """What the signal says of lists that it names: the name of each one's consent, and its state."""
    match signal.kind:
        case Kind.LIST_UNSUBSCRIBED:
            return [(purpose(name), "withdrawn") for name in signal.lists]
        case Kind.LIST_SUBSCRIBED:
            return [(purpose(name), "given") for name in signal.lists]
        case _:
            return []


def follow(draft: Draft) -> None:
    """Follows the lists that the signal names: leaving one stops that list's mail only, joining it again lifts that."""
    signal, lead = draft.signal, draft.lead
    before = left_lists(lead)
    for name, state in stated_consents(signal):
        if state == "given" and signal.proof == "none":
            draft.finding("who proves nothing joins nobody to a list again")
        elif name in lead.consents or _count(lead) < MOST:
            note_consent(draft, name, state, draft.at)
        else:
            draft.finding(f"more than {MOST} lists: what was said of others is not kept")
    tell(draft, before)


def tell(draft: Draft, before: frozenset[str]) -> None:
    """Tells which lists the person left, or joined again, since `before`."""
    lead = draft.lead
    after = left_lists(lead)
    fields: JsonObject = {"mode": draft.signal.mode, "references": lead.references, "personal": draft.contact()}
    if stopped := after - before:
        draft.emit(ListStopped(**fields, lists=tuple(sorted(stopped))))
    if released := before - after:
        draft.emit(ListReleased(**fields, lists=tuple(sorted(released))))


def _count(lead: Lead) -> int:
    return sum(purpose.startswith(_PREFIX) for purpose in lead.consents)
