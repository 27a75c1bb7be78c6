"""The end of a wait in the queue: somebody of the pool may be back, or the time is over and the next rule decides."""

from __future__ import annotations

from typing import assert_never

from routing.assignment import ownership, queue
from routing.assignment.assignment import Assignment, Wait
from routing.draft import Draft
from routing.handover import handover
from routing.lifecycle import route_of


def wait_no_more(draft: Draft) -> None:
    """Looks again when the queue's clock falls due: somebody may be back, or the waiting is over and the next rule
    decides."""
    lead, clock = draft.lead, queue.clock_of(draft)
    if clock is None:
        return
    may_hold = draft.context.now < clock.due_at
    had_it = handover.people_asked(lead.handover) if lead.handover is not None else frozenset()
    route = route_of(lead.stage)
    chosen = ownership.choose_or_wait(draft, route, had_it if route == "hand_over" else frozenset(), may_hold=may_hold)
    if isinstance(chosen, Wait):
        ownership.wait_in_line(draft, chosen)
        return
    queue.end(draft)
    _end_waiting(draft, chosen)


def _end_waiting(draft: Draft, chosen: Assignment | None) -> None:
    """Gives or offers the lead to whoever was chosen; a hand-over that nobody is left for goes back to marketing."""
    match draft.lead.stage:
        case "hand_over":
            if chosen is not None:
                handover.offer_to(draft, chosen)
            else:
                draft.facts.add("offers_exhausted")
        case "qualification":
            if chosen is not None:
                ownership.give(draft, chosen)
        case "prospecting" | "contact" | "deal" | "nurturing":
            return
        case _:
            assert_never(draft.lead.stage)
