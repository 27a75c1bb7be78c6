"""Whose lead it is before any rule is asked: its hunter, who invites to its meeting, who has it now, who had it last, who is with
its company.

Somebody is asked only in a role that the route needs, and takes it only while at work, else their successor does; no turn in
a pool is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, assert_never

from routing.assignment.assignment import Assignment
from routing.draft import Draft
from routing.lead import meetings
from routing.model.records import Account, Lead
from routing.people.hindrances import Code, evidence_of
from routing.people.roster import ROLES
from schemas.json_values import JsonObject


class Match(NamedTuple):
    """Who was found, and the evidence of those who came first and could not take it."""

    chosen: Assignment | None
    passed: tuple[JsonObject, ...]


def owner_of_old(draft: Draft, route: str, had_it: frozenset[str]) -> Match:
    """The first who is there of those whose lead it is already; `had_it` have had their chance in this hand-over."""
    passed: list[JsonObject] = []
    for rule, person in _claims(draft, route):
        codes = _why_not(draft, person, had_it)
        if not codes:
            return Match(_already(person, rule, route, passed), ())
        candidates = [{"person": person, **evidence_of(codes)}]
        passed.append({"rule": rule, "code": "matched", "candidates": candidates})
        if "had_it" in codes or (heir := _heir(draft, person, route)) is None:
            continue
        codes = _why_not(draft, heir, had_it)
        if not codes:
            chosen = _already(heir, "successor", route, passed)
            return Match(chosen._replace(why={**chosen.why, "of": person}), ())
        candidates.append({"person": heir, **evidence_of(codes)})
    return Match(None, tuple(passed))


def kept_by_seller(draft: Draft, seller: str | None) -> Assignment | None:
    """Who sold it keeps the customer, where the agreement says so and they are still here, on leave or not."""
    roster = draft.context.roster
    if seller is None or draft.context.agreement.file.routing.growth.keeps != "owner":
        return None
    member = roster.people.get(seller)
    if member is None or not member.active or not roster.has_role(seller, *ROLES["hand_over"], "manager"):
        return None
    return _already(seller, "seller", "growth", [])


def roles_of(draft: Draft, route: str) -> tuple[str, ...]:
    """The roles of whose lead it may be on a route: a customer may be a seller's where the agreement lets the seller keep it."""
    sellers = route == "growth" and draft.context.agreement.file.routing.growth.keeps == "owner"
    return (*ROLES[route], "sales") if sellers else ROLES[route]


def _why_not(draft: Draft, person: str, had_it: frozenset[str]) -> tuple[Code, ...]:
    return draft.context.roster.why_not(person, draft.context.now, had_it)


def _already(person: str, rule: str, route: str, passed: list[JsonObject]) -> Assignment:
    why = {"route": route, "rule": rule} | ({"tried": passed} if passed else {})
    return Assignment(person=person, rule=rule, why=why)


def _heir(draft: Draft, person: str, route: str) -> str | None:
    """Who takes the place of somebody who is away or gone, in a role that the route needs."""
    roster = draft.context.roster
    member = roster.people.get(person)
    heir = member.successor if member is not None else None
    return heir if roster.has_role(heir, *roles_of(draft, route)) else None


def _claims(draft: Draft, route: str) -> Iterator[tuple[str, str]]:
    """(rule, person) in the order in which they are asked, each person once."""
    lead, roster, account, seen = draft.lead, draft.context.roster, draft.account, set()
    roles = roles_of(draft, route)
    own = [("hunter", lead.hunter)] if route != "growth" else []
    own += [("host", meetings.host_of(lead))] if route == "hand_over" else []
    # An owner chosen by the rules of another route was chosen for that route only.
    present = lead.owner if lead.owner_route in (None, route) else None
    if draft.straight_through and not roster.has_role(present, *ROLES["qualification"]):
        present = None  # A lead that stops in qualification would not stay theirs there either.
    own += [("present_owner", present), ("former_owner", lead.former.get(route))]
    for rule, person in own:
        if person is not None and person not in seen and (rule == "hunter" or roster.has_role(person, *roles)):
            seen.add(person)
            yield rule, person
    draft.asked_account |= account is not None
    for rule, person in _of_account(lead, account, route):
        if person not in seen:
            seen.add(person)
            yield rule, person


def _of_account(lead: Lead, account: Account | None, route: str) -> Iterator[tuple[str, str]]:
    """Who is in dialogue with the company, unless a customer is to be kept; then who keeps it as a customer."""
    if account is None:
        return
    if route != "growth":
        yield from (("account_in_dialogue", account.open[other]) for other in sorted(account.open) if other != lead.id)
    if route != "qualification":
        customers = account.customers
        yield from (("customer_account", customers[one]) for one in sorted(customers))


def route_now(lead: Lead) -> str | None:
    """The route that the lead's owner of now is on; None where it is nobody's to work."""
    match lead.stage:
        case "hand_over" | "deal":
            return "hand_over"
        case "qualification":
            return "qualification"
        case "prospecting" | "contact" | "nurturing":
            return "growth" if lead.track == "growth" else None
        case _:
            assert_never(lead.stage)


def remember(draft: Draft) -> None:
    """Remembers who works the lead, to ask them first next time; in a dialogue only those who said yes or no
    (`remember_dialogue`)."""
    lead, route = draft.lead, route_now(draft.lead)
    if route is not None and route != "hand_over" and lead.owner is not None:
        lead.former = {**lead.former, route: lead.owner}


def remember_dialogue(draft: Draft) -> None:
    """At the end of a pass: who answered for it, unless the answer was that somebody else should have it."""
    lead = draft.lead
    if lead.handover is None or lead.handover.closed_at is not None:
        return
    last, rules = lead.handover.current, draft.context.agreement.file.handover
    if last is None:
        answered = draft.seller or lead.owner
    elif draft.seller is not None:
        answered = draft.seller
    else:
        for_another = last.state == "rejected" and rules.second(last.reason) is not None
        answered = last.person if last.state in ("accepted", "rejected") and not for_another else None
    if answered is not None:
        lead.former = {**lead.former, "hand_over": answered}
