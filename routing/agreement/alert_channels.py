"""Alert channels: the names of places where steps of ladders are told, such as a chat or a pager.

A channel is a name under `channels` of the agreement, and no code: the event of an escalation says it, and whoever subscribes to
that event brings it there (docs/sla.md). Here is held that no step names one that the agreement does not have.
Only another way than a signed webhook would begin in `services/delivery/sending.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from routing.agreement.policies import Path, ladders_of
from schemas.agreement import AgreementFile
from schemas.words import probably


def unknown_channels(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """(path, rule) of every channel that a ladder names and the agreement does not."""
    for path, step in ladders_of(file):
        if step.channel is not None and step.channel not in file.channels:
            hint = probably(step.channel, file.channels) or f" ({', '.join(file.channels) or 'none'})"
            yield (*path, "channel"), f"channel `{step.channel}` is not among `channels`{hint}"
