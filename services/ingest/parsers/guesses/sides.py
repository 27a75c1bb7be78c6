"""Of what happened between us and somebody: which side the lead is."""

from __future__ import annotations

from typing import NamedTuple

from schemas.signals import Kind
from services.ingest.parsers.guesses.chain import Chain, first
from services.ingest.parsers.guesses.mail import CAME_IN, WENT_OUT, is_sent, recipient_in, replied_to, sender_in
from services.ingest.parsers.guesses.tree import Node
from services.ingest.parsers.guesses.words import FIELDS
from services.ingest.parsers.reading.by_names import Names, Wanted, cache_by_names
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text

_ENDS = ("lead_email", "contact_email", "prospect_email", "customer_email", "visitor_email")
_REACH = {"email", "phone"}
_FIRM_NAMES = Wanted(["name", "company_name"])


class Clues(NamedTuple):
    """What is known of an event so far. `way`: `in`, `out` or `inside` where it says so; `mailed`: it is about a mailing."""

    kind: Kind
    way: str | None
    mailed: bool
    chain: Chain
    objects: list[Node]
    person: Node | None


def lead_of(clues: Clues, facts: dict[str, str]) -> dict[str, str]:
    """The lead's facts, of which `facts` is what the objects of the body say. A company's event tells no person's name;
    of a message or a call the lead is the end that is not ours."""
    if clues.kind.startswith("company."):
        return facts if clues.person is not None and clues.person.weight >= 50 else {}
    if not (clues.person is not None and clues.person.weight >= 100) and not _says_lead(clues.objects):
        facts = _at_the_other_end(clues, facts)
    mailed = clues.kind in WENT_OUT or (clues.kind is Kind.UNCLASSIFIED and (clues.mailed or is_sent(clues.chain)))
    if mailed and not facts.keys() & _REACH:
        facts = {**facts, **recipient_in(clues.objects)}
    if _is_of_the_event(facts.get("full_name"), clues):
        facts = {name: value for name, value in facts.items() if name != "full_name"}
    return facts


def firm_of(clues: Clues, company: dict[str, str]) -> dict[str, str]:
    """The company's facts; of an event about a company its own name."""
    if company or not clues.kind.startswith("company."):
        return company
    name = first(clues.chain, _FIRM_NAMES, text)
    return {"company": name} if name else {}


def _at_the_other_end(clues: Clues, facts: dict[str, str]) -> dict[str, str]:
    if clues.way == "inside":
        return facts
    if clues.kind in CAME_IN or clues.way == "in":
        end = replied_to(clues.chain, clues.objects) or sender_in(clues.objects)
    elif clues.way == "out":
        end = recipient_in(clues.objects)
    else:
        return facts
    if not end:
        return facts
    # A name that stands beside a call's numbers is the name of the one it was with.
    kept = {"full_name": facts["full_name"]} if "full_name" in facts and end.keys() == {"phone"} else {}
    if end.keys() == {"phone"} and "phone" not in facts and clues.person is not None and clues.person.weight in (0, 1):
        # Who wrote is said in the message's own fields, all but the number.
        kept = facts
    return {**kept, **end}


def _says_lead(objects: list[Node]) -> bool:
    """A message that names the lead, beside its two ends."""
    return any(_name_lead(node.names) for node in objects)


@cache_by_names
def _name_lead(names: Names) -> bool:
    return any(label(name).endswith(_ENDS) for name in names)


def _is_of_the_event(name: str | None, clues: Clues) -> bool:
    """`Name: Hard bounce` beside `Type: HardBounce`; a bounce that has a description has a name, too."""
    if name is None or clues.kind not in (Kind.EMAIL_BOUNCED, Kind.LIST_UNSUBSCRIBED):
        return False
    words = {
        label(value).replace("_", "")
        for at in clues.chain
        for word in FIELDS.among(at.names)
        if (value := text(at.held[word]))
    }
    described = any(at.held.get("name") == name and "description" in at.held for at in clues.chain)
    return (described and clues.kind is Kind.EMAIL_BOUNCED) or label(name).replace("_", "") in words
