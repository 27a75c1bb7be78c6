"""A request that is sent twice: a double click is one request, and the same words on another day, or after the first was dealt with, are a new one.

Deliveries that have an id of their own are told apart by it long before. A form has none: the lead remembers its newest
requests by a digest of their words, so that no border between two windows parts a repetition from its request.
"""

from __future__ import annotations

from datetime import timedelta

from routing.draft import Draft
from routing.model.records import Lead, Request
from schemas.signals import Signal

MAX_REQUESTS = 8
"""That a lead remembers; nobody fills in more forms within the window of one."""


def earlier_request(lead: Lead, signal: Signal) -> Request | None:
    """The request of which this one is a repetition: the same words, not longer ago than its window, in the pass of now."""
    repeat = signal.repeat
    if repeat is None:
        return None
    window = timedelta(seconds=repeat.seconds)
    for request in lead.requests:
        same = request.key == repeat.key and request.pass_number == lead.pass_number
        if same and request.signal_id != signal.id and abs(signal.received_at - request.at) <= window:
            return request
    return None


def note_request(draft: Draft) -> None:
    """Remembers the request; of the same words the newest counts."""
    lead, signal = draft.lead, draft.signal
    if signal.repeat is None:
        return
    request = Request(key=signal.repeat.key, at=signal.received_at, pass_number=lead.pass_number, signal_id=signal.id)
    others = tuple(other for other in lead.requests if other.key != request.key)
    lead.requests = (*others, request)[-MAX_REQUESTS:]
