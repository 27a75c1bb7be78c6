"""Leads are asked again when time alone can change the answer: by a clock that is no promise and tells nobody anything.

One clock a lead, whose instant follows what the stage of the moment asks for. What comes of it is decided at that very instant, as
if somebody had asked each second.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from routing.agreement.agreement import Agreement
from routing.agreement.timing import NEVER, next_change
from routing.draft import Draft
from routing.model.ids import derive
from routing.model.records import Clock, Lead
from routing.nurturing import nurturing
from routing.sla.clocks import WAKE
from schemas.events import Stage

PAUSE = timedelta(minutes=1)
"""After a move that time alone made, so that an agreement by which a lead goes in a circle keeps nobody busy."""


def wake(draft: Draft) -> None:
    """The instant has come: the definitions of the stage are asked. `arm` finds the next one."""
    draft.note_learned()


def arm(draft: Draft) -> None:
    """Called once a decision is made: the clock runs to the next instant at which the lead has to be asked again."""
    agreement, lead = draft.context.agreement, draft.lead
    running = next((clock for clock in lead.clocks.values() if clock.policy == WAKE), None)
    if running is None and not agreement.timing and not agreement.wakes:
        return
    wanted = _next(draft, agreement)
    if wanted is None:
        if running is not None and running.open:
            changes = {"state": "fulfilled", "ended_at": draft.at, "next_at": None, "revision": running.revision + 1}
            draft.put_clock(running.but(**changes))
    elif running is None:
        draft.put_clock(_clock(draft, wanted))
    elif running.next_at != wanted:
        changes = {"state": "running", "ended_at": None, "due_at": wanted, "next_at": wanted}
        draft.put_clock(running.but(**changes, revision=running.revision + 1))


def _next(draft: Draft, agreement: Agreement) -> datetime | None:
    lead = draft.lead
    if lead.disposition != "active" or lead.merged_into is not None or lead.parked is not None:
        return None
    after = max(draft.at, lead.stage_since)
    if draft.signal.mode == "import":
        # What turned long ago would move all that is imported at once: it is asked at the next signal.
        after = max(after, draft.context.now)
    changes = NEVER
    for name in _names_asked(lead, agreement):
        changes |= agreement.timing.get(name, NEVER)
    instants = [next_change(changes, lead, agreement.standards, after)] if changes != NEVER else []
    if (changes.moments or changes.windows) and (not draft.was_asked or draft.at < after):
        # Nobody asked on account of this signal, and what it changed may make true what time made true before.
        instants.append(after + timedelta.resolution)
    end = nurturing.wake_instant(lead, agreement)
    instants.append(end if end is not None and end > after else None)
    earliest = min((at for at in instants if at is not None), default=None)
    if earliest is not None and draft.transitions and _was_woken(draft):
        return max(earliest, draft.at + PAUSE)
    return earliest


def _was_woken(draft: Draft) -> bool:
    due = draft.signal.clock
    return due is not None and due.clock_id == derive("clk", WAKE, draft.lead.id)


_ASKED: Mapping[Stage, tuple[str, ...]] = {
    "prospecting": (),
    "contact": ("engaged", "marketing_qualified"),
    "qualification": ("sales_qualified", "not_now", "marketing_qualified"),
    "hand_over": ("cold", "opportunity"),
    "deal": ("opportunity",),
    "nurturing": ("engaged",),
}
"""What `readiness.note_definitions` asks in each stage; in nurturing the exit of the lead's track comes before `engaged`."""


def _names_asked(lead: Lead, agreement: Agreement) -> tuple[str, ...]:
    name = nurturing.exit_of(lead, agreement) if lead.stage == "nurturing" else None
    return _ASKED[lead.stage] if name is None else (f"exit:{name}",)


def stages_of(agreement: Agreement) -> tuple[Stage, ...]:
    """The stages in which time alone may move a lead under this agreement."""
    nurtured = bool(agreement.wakes) or any(name.startswith("exit:") for name in agreement.timing)
    return tuple(
        stage
        for stage, definitions in _ASKED.items()
        if (stage == "nurturing" and nurtured) or not agreement.timing.keys().isdisjoint(definitions)
    )


def _clock(draft: Draft, at: datetime) -> Clock:
    lead = draft.lead
    return Clock(
        id=derive("clk", WAKE, lead.id),
        policy=WAKE,
        metric=WAKE,
        subject_kind="lead",
        subject_id=lead.id,
        started_at=draft.at,
        due_at=at,
        next_at=at,
        target="by its agreement",
        mode="observe" if draft.signal.mode == "observe" else "live",
        agreement=draft.context.agreement.hash,
        cause=draft.signal.id,
    )
