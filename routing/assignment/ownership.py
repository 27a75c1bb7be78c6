"""Who owns a lead: chosen by the rules or by somebody's hand, counted, and held together over an account."""

from __future__ import annotations

from routing.assignment import hunter_claim, matching, queue
from routing.assignment.assignment import FALLBACK, LAST_RESORTS, Assignment, AssignmentContext, Line, Wait, assign
from routing.assignment.owner_fields import clear_owner, set_owner, set_turn
from routing.assignment.rotation import change, with_turn_by_hand
from routing.draft import Draft
from routing.lifecycle import DIALOGUE
from routing.model.bounds import MAX_REFERENCES
from routing.model.records import Ledger, Load
from routing.nurturing import nurturing
from routing.people.capacity import is_new_to, people_to_consult, with_one_more, without
from routing.people.roster import ROLES
from schemas.certain import Impossible
from schemas.events import LeadEscalated, LeadOwnerChanged, LeadTouched
from schemas.json_values import JsonObject


def choose(draft: Draft, route: str, had_it: frozenset[str] = frozenset()) -> Assignment | None:
    """The owner, at once."""
    chosen = choose_or_wait(draft, route, had_it, may_hold=False)
    if isinstance(chosen, Wait):
        raise Impossible("it was not asked to wait")
    return chosen


def choose_or_wait(
    draft: Draft, route: str, had_it: frozenset[str] = frozenset(), *, may_hold: bool = True
) -> Assignment | Wait | None:
    """The owner: somebody who has it already in one way or another (`routing.assignment.matching`), else the route decides."""
    lead, roster, now = draft.lead, draft.context.roster, draft.context.now
    if (hunter := hunter_claim.hunter_of(draft, route)) is not None:
        return hunter_claim.choose(draft, route, hunter=hunter, had_it=had_it, may_hold=may_hold)
    match = matching.owner_of_old(draft, route, had_it)
    if match.chosen is not None:
        return match.chosen
    agreement = draft.context.agreement
    pools = [roster.pool(name) for name in agreement.routes[route].pools]
    if roster.limited:
        draft.consulted |= people_to_consult([seat.person for pool in pools for seat in pool.seats], roster)
    chosen = assign(
        agreement.routes[route],
        AssignmentContext(
            judge=draft.judge_of_way,
            roster=roster,
            ledgers=draft.ledgers,
            loads=without(draft.loads, lead, draft.carried_by),
            now=now,
            language=lead.language,
            passed_over=had_it,
            may_hold=may_hold,
            matched=match.passed,
            roles=ROLES[route],
            zone=agreement.zone,
            line=_line(draft),
        ),
    )
    if isinstance(chosen, Assignment) and "kept" in chosen.why:
        draft.kept = None  # Their turn was counted when the lead was kept for them.
    return chosen


def _line(draft: Draft) -> Line | None:
    place = draft.lead.queue
    if place is None or queue.clock_of(draft) is None:
        return None
    return Line(place.rule, place.until, place.kept_for)


def give(draft: Draft, chosen: Assignment) -> None:
    """Gives the lead to this owner. The pool's ledger counts the turn, except on trial (`observe`) and on day one
    (`import`)."""
    lead = draft.lead
    is_counted = chosen.ledger is not None and draft.signal.mode == "live"
    if chosen.ledger is not None and is_counted:
        draft.put_ledger(chosen.ledger)
    set_turn(lead, chosen.pool if is_counted else None, chosen.route)
    _count_for_capacity(draft, chosen.person)
    queue.end(draft)
    away = _last_resort_away(draft, chosen)
    draft.evidence.setdefault("owners", []).append({"person": chosen.person, **chosen.why, **away})
    if lead.owner != chosen.person:
        before = lead.owner
        set_owner(lead, chosen.person, draft.at)
        draft.emit(
            LeadOwnerChanged(
                mode=draft.signal.mode,
                from_owner=draft.owner(before),
                to_owner=draft.owner(chosen.person),
                rule=chosen.rule,
                why=chosen.why,
            )
        )
    if chosen.rule != FALLBACK:
        matching.remember(draft)
    hold_account(draft)
    if away:
        _call_managers(draft, away["away"])


def _count_for_capacity(draft: Draft, person: str) -> None:
    """Counts the lead for this person's capacity, unless it was counted for them already."""
    lead, roster, now = draft.lead, draft.context.roster, draft.context.now
    if draft.signal.mode != "live" or person not in roster.limited:
        return
    if is_new_to(lead, person, roster=roster, now=now, zone=draft.context.agreement.zone):
        draft.put_load(with_one_more(draft.loads.get(person) or Load(person=person), now))
        lead.counted = {**lead.counted, person: (lead.pass_number, int(now.timestamp()))}


def _last_resort_away(draft: Draft, chosen: Assignment) -> dict[str, str]:
    """Why the last resort, who gets it all the same because nobody else is left, cannot see to it now; as evidence."""
    away = draft.context.roster.why_away(chosen.person, draft.context.now)
    return {"away": away} if away is not None and chosen.rule in LAST_RESORTS else {}


def _call_managers(draft: Draft, why: str) -> None:
    lead, roster = draft.lead, draft.context.roster
    draft.finding(f"nobody could take it, and the last resort {lead.owner} is away: {why}")
    draft.emit(
        LeadEscalated(
            mode=draft.signal.mode,
            reason="fallback_away",
            why=why,
            stage=lead.stage,
            owner=draft.owner(lead.owner),
            to=roster.owners(roster.active_with("manager")),
        ),
        max(draft.at, draft.context.now),
    )


def tell_owner(draft: Draft) -> None:
    """Tells whoever has the lead that it was touched while in dialogue."""
    signal, lead = draft.signal, draft.lead
    draft.emit(
        LeadTouched(
            mode=signal.mode,
            owner=draft.owner(lead.owner),
            stage=lead.stage,
            signal_kind=signal.kind,
            source=signal.source,
            references=signal.references[:MAX_REFERENCES],
            personal=draft.contact(),
        )
    )


def leave_to_nobody(draft: Draft, reason: str) -> None:
    """Takes the lead from its owner before anybody else is chosen."""
    lead = draft.lead
    free_account(draft)
    clear_owner(lead, reason)
    set_turn(lead, None, None)


def wait_in_line(draft: Draft, held: Wait) -> None:
    """Puts the lead in the queue: it is nobody's until somebody of the pool can take it."""
    had_it = draft.lead.owner
    if had_it is not None:
        leave_to_nobody(draft, held.rule)
    if held.ledger is not None and draft.signal.mode == "live":
        draft.put_ledger(held.ledger)
    queue.wait(draft, held, had_it)


def assign_by_hand(draft: Draft, person: str) -> Assignment:
    """The assignment to a person named by hand, counted in the ledger of the first pool of the stage's rules in which
    they have a seat.

    Where nobody is routed yet (`contact`, a track without an owner) no turn is counted."""
    roster = draft.context.roster
    why: JsonObject = {"rule": "manual", "signal": draft.signal.id}
    name = matching.route_now(draft.lead)
    rules = draft.context.agreement.routes[name].rules if name is not None else ()
    pool = roster.pool_with((rule.pool for rule in rules), person)
    if pool is None:
        return Assignment(person=person, rule="manual", why=why)
    before = draft.ledgers.get(pool.name) or Ledger(pool=pool.name)
    at_work = [seat.person for seat in pool.seats if roster.why_away(seat.person, draft.context.now) is None]
    after = with_turn_by_hand(pool, before, person, at_work)
    why |= {"pool": pool.name, "ledger": change(pool, before, after)}
    return Assignment(person=person, rule="manual", pool=pool.name, ledger=after, why=why)


def hold_account(draft: Draft) -> None:
    """While this lead is in dialogue, further leads of its account join its owner; while it is a customer, the account is
    its account manager's."""
    account, lead = draft.account, draft.lead
    if account is None or lead.owner is None:
        return
    if lead.stage in DIALOGUE and account.open.get(lead.id) != lead.owner:
        draft.account = account.but(open={**account.open, lead.id: lead.owner})
    elif lead.track == "growth" and account.customers.get(lead.id) != lead.owner:
        draft.account = account.but(customers={**account.customers, lead.id: lead.owner})


def free_account(draft: Draft, *, customer: bool = False) -> None:
    """Ends the lead's dialogue on the account; with `customer` the lead is no customer's (any more) either."""
    account, lead = draft.account, draft.lead
    if account is None:
        return
    if lead.id in account.open:
        account = account.but(open=_without(account.open, lead.id))
    if customer and lead.id in account.customers:
        account = account.but(customers=_without(account.customers, lead.id))
    draft.account = account


def _without(owners: dict[str, str], lead_id: str) -> dict[str, str]:
    return {lead: person for lead, person in owners.items() if lead != lead_id}


def begin_dialogue(draft: Draft, reason: str) -> None:
    hold_account(draft)
    nurturing.suppress(draft, reason)
