"""When an event of an unknown sender happened, which is not when the record that it is about was made."""

from __future__ import annotations

from datetime import datetime

from schemas.signals import Kind
from services.ingest.parsers.guesses.chain import Chain, first
from services.ingest.parsers.reading.by_names import Wanted
from services.ingest.parsers.reading.safely import when
from services.ingest.parsers.reading.tables import words

_HAPPENED = Wanted(
    words("""
    occurred_at submitted_at event_time event_ts event_timestamp event_timestamp_ms event_date timestamp time ts
    triggered_at fired_at date_time datetime date_submitted submission_time time_submitted
""")
)
_DONE = Wanted(
    words("""
    completed_at closed_at won_at lost_at opened_at clicked_at bounced_at delivered_at received_at sent_at done_at
    ended_at
""")
)
_CHANGED = Wanted(
    words("""
    updated_at date_updated modified_at last_modified update_time changed_at modified_time date_modified
""")
)
_MADE = Wanted(
    words("""
    created_at created_on created date date_created created_time creation_date create_time create_date added_at
    date_added
""")
)
_DONE_OR_CHANGED = Wanted([*_DONE.names, *_CHANGED.names])
_BEGINNINGS = (
    Kind.FORM_SUBMITTED,
    Kind.MESSAGE_RECEIVED,
    Kind.LIST_SUBSCRIBED,
    Kind.NOTE_ADDED,
    Kind.SALES_MEETING_BOOKED,
    Kind.SALES_TASK_OPEN,
)
"""Kinds of which the record is made by the event itself."""


def moment_of(kind: Kind, chain: Chain) -> datetime | None:
    """`chain`: what is around the event, the event, and what it wraps. The event's own time, else the time of the change that
    it tells; the record's making only where the event is that, or where nothing is wrapped. None where nothing says it."""
    if (at := first(chain, _HAPPENED, when)) is not None:
        return at
    begins = kind in _BEGINNINGS or kind.endswith(".created")
    if not begins and (at := first(chain, _DONE, when)) is not None:
        return at
    outer = chain[:-1] if len(chain) > 2 else chain[:1]
    # Of an envelope the making is the event's.
    if (at := first(outer, _MADE, when)) is not None and not begins:
        return at
    if begins:
        return first(chain, _MADE, when) or first(chain, _DONE_OR_CHANGED, when)
    # Of what is not understood the making is better than nothing; a change that is known did not happen then.
    unsure = kind is Kind.UNCLASSIFIED or len(chain) <= 2
    return first(chain, _CHANGED, when) or (first(chain, _MADE, when) if unsure else None)
