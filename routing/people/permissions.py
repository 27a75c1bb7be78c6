"""Who may ask for which command, who may approve the agreement, and who can be given a lead."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from routing.people.roster import Roster
from schemas.agreement import Approvers
from schemas.words import Side, probably

MANAGES = frozenset({"manager"})
RIGHTS: dict[str, frozenset[str]] = {
    "accept": frozenset({"owner"}) | MANAGES,
    "reject": frozenset({"owner"}) | MANAGES,
    "claim": frozenset({"sales", "sdr", "account_manager"}) | MANAGES,
    "assign": MANAGES,
    "delegate": frozenset({"owner", "sdr"}) | MANAGES,
    "hold": frozenset({"owner", "marketing"}) | MANAGES,
    "release": frozenset({"owner", "marketing"}) | MANAGES,
    "brand_list": frozenset({"owner", "marketing"}) | MANAGES,
    "disposition": frozenset({"owner", "sdr", "marketing"}) | MANAGES,
    "merge": frozenset({"owner", "sdr", "marketing"}) | MANAGES,
    "unmerge": frozenset({"owner", "sdr", "marketing"}) | MANAGES,
    "absence": frozenset({"oneself"}) | MANAGES,
    "return": frozenset({"oneself"}) | MANAGES,
    "join": MANAGES,
    "leave": MANAGES,
    "pause_pool": MANAGES,
    "resume_pool": MANAGES,
    "approve": frozenset({"marketing", "sales", "account_manager"}) | MANAGES,
}
"""By command: the roles that may ask for it, `owner` of the lead, `oneself` for what is about the asker."""
SIDES: dict[Side, tuple[str, ...]] = {
    "marketing": ("marketing", "manager"),
    "sales": ("sales", "account_manager", "manager"),
}
"""Who may approve the agreement for which side, by role."""
OPERATOR = "operator"
"""Who asks on the command line; no API key may have this name."""
PAGE = "page"
"""Where people ask who are signed in to the page."""
GIVES = frozenset({"claim", "assign", "delegate"})
"""Commands that make somebody the owner."""


class Principal(NamedTuple):
    """Who asks: the name of the API key (or `operator`) and their person. Nobody of the roster: runs the service."""

    name: str
    person: str | None = None


def page_principal(person: str) -> str:
    """The name of whoever asks on the page, `page/elin`: no API key can have it, and each person's idempotency keys are their own."""
    return f"{PAGE}/{person}"


def refusal(command: str, person: str | None, roster: Roster, *, owner: str | None, about: str | None) -> str | None:
    """None where `person` may ask for it, else why not. Who is nobody of the roster was let in by the key's scope."""
    if person is None:
        return None
    if (gone := has_left(person, roster)) is not None:
        return gone
    allowed = RIGHTS[command]
    if ("owner" in allowed and owner == person) or ("oneself" in allowed and about == person):
        return None
    roles = sorted(allowed - {"owner", "oneself"})
    if roster.has_role(person, *roles):
        return None
    also = ", the owner" if "owner" in allowed else ", the person" if "oneself" in allowed else ""
    return f"{command} is for {', '.join(roles)}{also}"


def has_left(person: str, roster: Roster) -> str | None:
    """Why somebody may do nothing here: they are not in the roster, or left. None where they may."""
    member = roster.people.get(person)
    if member is None:
        return f"{person} is not in the roster"
    return None if member.active else f"{person} left"


def signers(side: Side, roster: Roster, before: Approvers, own: Approvers | None = None) -> tuple[str, ...]:
    """Who may approve for a side, by name; empty where whoever has a role of the side may.

    The agreement that was published `before` says who approves the next one: else whoever writes a version could name
    themselves. Where it names nobody, or nobody who still could, the version's `own` list counts.
    """
    for named in (before.of(side), own.of(side) if own is not None else ()):
        able = tuple(person for person in named if cannot_sign(person, side, roster) is None)
        if able:
            return able
    return ()


def cannot_approve(principal: Principal, side: Side, roster: Roster, named: Collection[str] = ()) -> str | None:
    """None where whoever asks can approve the agreement for that side: by themselves, never by somebody else's hand."""
    if principal.name == OPERATOR or principal.person is None:
        return "an approval is given with one's own API key, whose entry names the `person`"
    return cannot_sign(principal.person, side, roster, named)


def cannot_sign(person: str, side: Side, roster: Roster, named: Collection[str] = ()) -> str | None:
    """Why this person cannot approve for that side; None where they can. `named` are its `signers`, where it has any."""
    member, roles = roster.people.get(person), SIDES[side]
    if member is None:
        return f"`{person}` is not in the roster{probably(person, roster.people)}"
    if not member.active:
        return f"`{person}` left, so cannot approve"
    if not roster.has_role(person, *roles):
        return f"`{person}` has none of the roles {', '.join(roles)}, so cannot approve for {side}"
    if named and person not in named:
        return f"`{person}` is not among the agreement's `approvers` for {side}: {', '.join(named)}"
    return None


def cannot_receive(person: str | None, roster: Roster) -> str | None:
    """Why nothing can be given to this person: they are not in the roster, or left. None where it can."""
    why = has_left(person or "", roster)
    return f"{why}, and can be given nothing" if why is not None and person in roster.people else why
