"""Who owns a lead: chosen by the rules or by somebody's hand, counted, and held together over an account."""

from __future__ import annotations

from typing import Any

from routing import nurturing, waiting
from routing.agreement import CompiledRoute
from routing.assignment import Asked, Assignment, Held, assign, counted
from routing.capacity import consulted, given, limited
from routing.draft import Draft
from routing.lifecycle import DIALOGUE, route_of
from routing.model import Account, Ledger, Load
from schemas.events import LeadOwnerChanged


def choose(draft: Draft, route: str, had_it: frozenset[str] = frozenset()) -> Assignment | None:
    """The owner, at once."""
    chosen = choose_or_wait(draft, route, had_it, may_hold=False)
    assert not isinstance(chosen, Held), "it was not asked to wait"
    return chosen


def choose_or_wait(
    draft: Draft, route: str, had_it: frozenset[str] = frozenset(), *, may_hold: bool = True
) -> Assignment | Held | None:
    """The owner: a hunter keeps their own, an account in dialogue keeps its salesperson, else the route decides."""
    lead, roster = draft.lead, draft.context.roster
    now = draft.context.now
    if route != "growth":
        for person, rule in ((lead.hunter, "hunter"), (_in_dialogue(draft), "account_in_dialogue")):
            if person and person not in had_it and roster.why_away(person, now) is None:
                return Assignment(person, rule, None, None, {"route": route, "rule": rule})
    agreement = draft.context.agreement
    draft.consulted |= _consulted(draft, agreement.routes[route])
    return assign(
        agreement.routes[route],
        Asked(
            draft.judge,
            roster,
            draft.ledgers,
            draft.loads,
            now,
            language=lead.language,
            passed_over=had_it,
            may_hold=may_hold,
        ),
    )


def _consulted(draft: Draft, route: CompiledRoute) -> frozenset[str]:
    roster = draft.context.roster
    names = {
        name for r in route.rules for name in (r.pool, r.overflow.pool if r.overflow else None) if name is not None
    }
    return consulted([seat.person for name in sorted(names) for seat in roster.pool(name).seats], roster)


def give(draft: Draft, chosen: Assignment) -> None:
    """The lead has this owner now; the pool's ledger counts it, except on trial (`observe`) and day one (`import`)."""
    lead = draft.lead
    lead.owner_pool = None
    if chosen.ledger is not None and draft.signal.mode == "live":
        draft.put_ledger(chosen.ledger)
        lead.owner_pool = chosen.pool
    if draft.signal.mode == "live" and chosen.person in limited(draft.context.roster):
        load = draft.loads.get(chosen.person) or Load(person=chosen.person)
        draft.put_load(given(load, draft.context.now))
    waiting.end(draft)
    draft.evidence.setdefault("owners", []).append({"person": chosen.person, **chosen.why})
    if lead.owner != chosen.person:
        before, lead.owner = lead.owner, chosen.person
        lead.owner_since, lead.unowned_reason = draft.at, None
        draft.emit(
            LeadOwnerChanged(
                mode=draft.signal.mode,
                from_owner=draft.owner(before),
                to_owner=draft.owner(chosen.person),
                rule=chosen.rule,
                why=chosen.why,
            )
        )
    if lead.stage in DIALOGUE:
        hold_account(draft)


def by_hand(draft: Draft, person: str) -> Assignment:
    """Obeyed, and counted in the ledger of the first pool of the stage's rules in which the person stands."""
    roster = draft.context.roster
    why: dict[str, Any] = {"rule": "manual", "signal": draft.signal.id}
    route = draft.context.agreement.routes[route_of(draft.lead.stage)]
    pool = roster.pool_with((rule.pool for rule in route.rules), person)
    if pool is None:
        return Assignment(person, "manual", None, None, why)
    before = draft.ledgers.get(pool.name) or Ledger(pool=pool.name)
    after = counted(pool, before, person)
    given = [ledger.entries[person].given if person in ledger.entries else 0 for ledger in (before, after)]
    why |= {"pool": pool.name, "ledger": {"seq": [before.seq, after.seq], "given": given}}
    return Assignment(person, "manual", pool.name, after, why)


def hold_account(draft: Draft) -> None:
    """While this lead is in dialogue, further leads of its account join its owner."""
    account, lead = draft.account, draft.lead
    if account is not None and lead.owner is not None and account.open.get(lead.id) != lead.owner:
        draft.account = Account(id=account.id, brand=account.brand, open={**account.open, lead.id: lead.owner})


def free_account(draft: Draft) -> None:
    account = draft.account
    if account is not None and draft.lead.id in account.open:
        rest = {lead: person for lead, person in account.open.items() if lead != draft.lead.id}
        draft.account = Account(id=account.id, brand=account.brand, open=rest)


def begin_dialogue(draft: Draft, reason: str) -> None:
    hold_account(draft)
    nurturing.suppress(draft, reason)


def _in_dialogue(draft: Draft) -> str | None:
    account = draft.account
    if account is None:
        return None
    others = [person for lead, person in sorted(account.open.items()) if lead != draft.lead.id]
    return others[0] if others else None
