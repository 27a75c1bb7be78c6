"""From a session to who looks at the page, as the roster has them now: who left a minute ago sees nothing any more."""

from __future__ import annotations

from routing.people.permissions import has_left
from schemas.notify import Language
from services.console.signed_in import RIGHTS, Right, SignedIn
from services.ports.sessions import Session
from services.rules.ruling import Ruling


def signed_in_of(session: Session, ruling: Ruling, *, csrf: str, spoken: Language) -> SignedIn | None:
    """None for somebody who is not in the roster, or left. `spoken`: the browser's language, for who has none in the roster."""
    roster, agreement = ruling.roster, ruling.agreement
    if has_left(session.person, roster) is not None:
        return None
    member = roster.people[session.person]
    allowed = member.roles if session.roles is None else [role for role in member.roles if role in session.roles]
    rights: frozenset[Right] = frozenset[Right]().union(*(RIGHTS[role] for role in allowed))
    if "marketing" in allowed and agreement.file.handover.marketing_reads_notes:
        rights |= {"notes"}
    teams = frozenset(name for name in (member.team,) if name is not None)
    colleagues = {one.id for name in teams for one in roster.team_of(name)} | {member.id}
    return SignedIn(
        person=member.id,
        name=session.name or member.id,
        roles=frozenset(allowed),
        rights=rights,
        teams=teams,
        colleagues=frozenset(colleagues),
        brands=frozenset(member.brands) if member.brands is not None else None,
        language=member.language or spoken,
        zone=str(roster.zone_of(member.id, agreement.zone)),
        csrf=csrf,
        expires_at=session.expires_at,
    )
