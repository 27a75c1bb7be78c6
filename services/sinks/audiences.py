"""What a marketing sink thinks in: people, audiences of ours at a platform, and what a contact was before we put it into one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, NamedTuple

from schemas.sinks.marketing import Mechanism

AudienceKind = Mechanism | Literal["unsubscribed"]
"""`unsubscribed` is the platform's own stop of all its mail; it has no id."""
Purpose = Literal["suppression", "exempt", "nurture", "stopped_list"]
"""Why we put somebody into an audience."""
IN = "in"
"""The word for a contact that is in an audience as we would put it there."""
MERGED = "merged"
"""The reason of a suppression that keeps quiet a lead which another one stands for."""


class Audience(NamedTuple):
    """One audience at a platform."""

    kind: AudienceKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}" if self.id else self.kind


class Who(NamedTuple):
    """A person, as a platform may know them: by an id of its own, which one of its webhooks told, or by their address."""

    lead_id: str
    email: str | None = None
    known_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class Presence(NamedTuple):
    """How a contact is in an audience. `word` is the platform's, or `in`: in it, as we would have put it there. `is_in` is True as well
    where it is in by somebody else's doing in a way that we could not, or would not, undo (bounced, unsubscribed by the person).
    """

    word: str
    is_in: bool


class Membership(NamedTuple):
    """What we know of a contact in an audience; it is kept as JSON in the record's `before`. `was` is the word from before we put it in,
    None until that was looked up. `holders` are the leads for which it is in, each with the reason."""

    contact: str
    audience: Audience
    purpose: Purpose
    was: str | None = None
    holders: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        """The record's key: one for each contact and audience, so that whoever changes it is alone."""
        return f"{self.audience}@{self.contact}"

    def with_holder(self, lead_id: str, reason: str) -> Membership:
        return self._replace(holders={**self.holders, lead_id: reason})

    def without(self, lead_id: str) -> Membership:
        """The membership once this lead no longer needs it. A lead that was merged into another one needs nothing by itself."""
        left = {lead: reason for lead, reason in self.holders.items() if lead != lead_id}
        return self._replace(holders=left if any(reason != MERGED for reason in left.values()) else {})

    def to_json(self) -> str:
        """As it is kept."""
        kept = self._asdict() | {"audience": list(self.audience)}
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def membership_of(before: str | None) -> Membership | None:
    """The membership that was kept; None where nothing was."""
    if before is None:
        return None
    kept = json.loads(before)
    return Membership(**kept | {"audience": Audience(*kept["audience"])})
