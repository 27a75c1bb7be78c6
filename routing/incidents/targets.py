"""Receivers of events that are sent nothing, and sources that send nothing: an incident while it lasts, told to those who look after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from routing.incidents.changes import Folded, end, incident_id, notices_to
from routing.incidents.recipients import Audience, destinations
from routing.incidents.records import DELIVERIES, TARGETS, Incident, Notice
from routing.model.ids import derive

SOURCES = "source/"
"""Before the name of a source that is silent."""


class TargetTrouble(NamedTuple):
    """A subscription or a sink (`sink/NAME`) that is sent nothing, or a source (`source/NAME`) that sends nothing: why, and since when,
    as far as that is known."""

    name: str
    why: str
    since: datetime | None = None


def fold_targets(troubles: Sequence[TargetTrouble], known: Mapping[str, Incident], audience: Audience) -> Folded:
    """`known` are the open incidents of targets, by what they are about. One of which nothing is wrong any more is over."""
    incidents: list[Incident] = []
    notices: list[Notice] = []
    wrong = {f"{TARGETS}{trouble.name}": trouble for trouble in troubles}
    for about, trouble in wrong.items():
        if about not in known:
            opened = _opening(about, trouble, audience.now)
            cause = derive("trg", about, audience.now.isoformat())
            to = destinations(audience, opened, "target")
            incidents.append(opened)
            notices += notices_to(cause, opened, "breached", to=to, audience=audience)
    over = [incident for about, incident in known.items() if about not in wrong]
    folded = end(derive("trg", audience.now.isoformat()), over, "goes_on", audience)
    return Folded([*incidents, *folded.incidents], [*notices, *folded.notices])


def _opening(about: str, trouble: TargetTrouble, now: datetime) -> Incident:
    since = trouble.since or now
    return Incident(
        id=incident_id(about),
        about=about,
        subject=about,
        subject_kind="target",
        subject_id=trouble.name,
        policy=DELIVERIES,
        metric="source" if trouble.name.startswith(SOURCES) else "target",
        level="breach",
        started_at=since,
        target="",
        due_at=since,
        opened_at=now,
        updated_at=now,
        noticed_at=now,
        detail=trouble.why,
    )
