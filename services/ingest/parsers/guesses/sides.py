"""Of what happened between us and somebody: which side the lead is."""

from __future__ import annotations

from typing import NamedTuple

from schemas.signals import Kind
from services.ingest.parsers.guesses.chain import Chain, first
from services.ingest.parsers.guesses.mail import CAME_IN, WENT_OUT, is_sent, recipient_in, replied_to, sender_in
from services.ingest.parsers.guesses.tree import Node
from services.ingest.parsers.guesses.words import FIELDS
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text

_ENDS = ("lead_email", "contact_email", "prospect_email", "customer_email", "visitor_email")
_REACH = {"email", "phone"}


class Told(NamedTuple):
    """What is known of an event so far. `way`: `in`, `out` or `inside` where it says so; `mailed`: it is about a mailing."""

    kind: Kind
    way: str | None
    mailed: bool
    chain: Chain
    found: list[Node]
    person: Node | None


def lead_of(told: Told, facts: dict[str, str]) -> dict[str, str]:
    """The lead's facts, of which `facts` is what the objects of the body say. A company's event tells no person's name;
    of a message or a call the lead is the end that is not ours."""
    if told.kind.startswith("company."):
        return facts if told.person is not None and told.person.weight >= 50 else {}
    if not (told.person is not None and told.person.weight >= 100) and not _says_lead(told.found):
        facts = _at_the_other_end(told, facts)
    mailed = told.kind in WENT_OUT or (told.kind is Kind.UNCLASSIFIED and (told.mailed or is_sent(told.chain)))
    if mailed and not facts.keys() & _REACH:
        facts = {**facts, **recipient_in(told.found)}
    if _is_of_the_event(facts.get("full_name"), told):
        facts = {name: said for name, said in facts.items() if name != "full_name"}
    return facts


def firm_of(told: Told, company: dict[str, str]) -> dict[str, str]:
    """The company's facts; of an event about a company its own name."""
    if company or not told.kind.startswith("company."):
        return company
    name = first(told.chain, ("name", "company_name"), text)
    return {"company": name} if name else {}


def _at_the_other_end(told: Told, facts: dict[str, str]) -> dict[str, str]:
    if told.way == "inside":
        return facts
    if told.kind in CAME_IN or told.way == "in":
        end = replied_to(told.chain, told.found) or sender_in(told.found)
    elif told.way == "out":
        end = recipient_in(told.found)
    else:
        return facts
    if not end:
        return facts
    # A name that stands beside a call's numbers is the name of the one it was with.
    kept = {"full_name": facts["full_name"]} if "full_name" in facts and end.keys() == {"phone"} else {}
    if end.keys() == {"phone"} and "phone" not in facts and told.person is not None and told.person.weight in (0, 1):
        # Who wrote is said in the message's own fields, all but the number.
        kept = facts
    return {**kept, **end}


def _says_lead(found: list[Node]) -> bool:
    """A message that names the lead, beside its two ends."""
    return any(label(name).endswith(_ENDS) for node in found for name in node.fields)


def _is_of_the_event(name: str | None, told: Told) -> bool:
    """`Name: Hard bounce` beside `Type: HardBounce`; a bounce that has a description has a name, too."""
    if name is None or told.kind not in (Kind.EMAIL_BOUNCED, Kind.LIST_UNSUBSCRIBED):
        return False
    words = {label(said).replace("_", "") for at in told.chain for word in FIELDS if (said := text(at.held.get(word)))}
    described = any(at.held.get("name") == name and "description" in at.held for at in told.chain)
    return (described and told.kind is Kind.EMAIL_BOUNCED) or label(name).replace("_", "") in words
