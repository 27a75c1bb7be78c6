"""Which leads nobody needs any more: idle for as long as was agreed for their class. Pure; whoever asks says how long that is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_never, get_args

from routing.lifecycle import WORKED
from routing.model.records import Lead
from schemas.signals import Commanded

ExpiryClass = Literal["unqualified", "unsubscribed", "lost"]
"""`unsubscribed`: wants no mail or no contact. `lost`: was with sales once and came back. `unqualified`: never came so far."""
CLASSES: tuple[ExpiryClass, ...] = get_args(ExpiryClass)
EXPIRE = "expire"
"""The name of the command by which an idle lead is erased."""
STAGES = ("prospecting", "contact", "nurturing")
"""Only leads whose stage nobody works may expire; customers (the track `growth`) never do."""


def expiry_class(lead: Lead) -> ExpiryClass | None:
    """The class that the lead may expire by; None for one that somebody works or waits for, a customer, or one that is gone already."""
    if lead.stage in WORKED or lead.stage not in STAGES or lead.track == "growth":
        return None
    if lead.merged_into is not None or lead.held or lead.parked is not None:
        return None
    match lead.disposition:
        case "erased":
            return None
        case "do_not_contact":
            return "unsubscribed"
        case "active" | "spam" | "not_a_buyer":
            pass
        case _:
            assert_never(lead.disposition)
    if lead.consents.get("email") == "withdrawn":
        return "unsubscribed"
    return "lost" if lead.pass_number > 1 and lead.track == "recycle" else "unqualified"


def idle_since(lead: Lead) -> datetime:
    """When something passed between us and the person last, or the lead moved."""
    instants = (lead.created_at, lead.stage_since, lead.last_touch_at, lead.disposition_at)
    return max(instant for instant in instants if instant is not None)


def is_outdated(lead: Lead, command: Commanded | None) -> bool:
    """Whether somebody was in touch since it was found to be idle, so that it does not expire."""
    if command is None or command.name != EXPIRE or command.until is None:
        return False
    return expiry_class(lead) is None or idle_since(lead) > command.until
