"""Turns in a pool: fair weighted rotation, and the ledger that remembers how short of their share everybody is.

Each lead is shared out by weight among those who could take it: so much they are due of it. Whoever is then shortest
gets it and is one lead less short; of equals the seat that stands first. Who is away is neither due anything nor owed
anything; who joins, or has a seat again, begins as short as the others are on average; another weight counts from the
next lead on. So nobody is flooded and nobody starves, whatever changes.

Bound: nobody is further than 2 * (N - 1) leads from the pool's average, N being the most seats that it had at once,
whoever comes, goes, speaks which language or is given leads by hand. For the `k` shortest together grow shorter only
where the next one is at most `MADE_UP` leads less short than the last of them, and then by a lead at most: so they never
pass 2 * k * (N - k) leads. Where everybody can take every lead and nobody loses a seat, nobody is ahead by a whole lead,
nor short by more than 1/2 + 1/3 + ... + 1/N.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from routing.model.records import Ledger, LedgerEntry
from routing.people.hindrances import Code, evidence_of
from routing.people.roster import Roster
from schemas.json_values import JsonObject
from schemas.roster import Pool

MADE_UP = 2.0
"""Leads: what went past somebody for its language, or to another by hand, is made up for as long as nobody is further
behind than so."""
STILL_DUE = frozenset({"language"})
"""Codes of those who are at work and could take a lead, only not this one: they are due their share of it."""
TIE = "the first seat of the pool wins"
"""How equals are told apart, in words."""
_DIGITS = 9
_EQUAL = 6
"""Digits of a lead in which equals are equal."""


class Turn(NamedTuple):
    """Whose turn it is, and what each would be short of with their share of this lead and without it."""

    person: str
    shorts: dict[str, float]


class Rotation(NamedTuple):
    person: str | None
    ledger: Ledger
    why: JsonObject


def turn(weights: Mapping[str, float], shorts: Mapping[str, float], codes: Mapping[str, str | None]) -> Turn:
    """Whose turn it is of the seats, in their order; `codes` has None for those who can take it; there is at least one."""
    here = [person for person in weights if codes[person] is None]
    with_share = _shorts_with_share(weights, shorts, here, [p for p in weights if codes[p] in STILL_DUE])
    return Turn(shortest(here, with_share), with_share)


def shortest(people: Iterable[str], shorts: Mapping[str, float]) -> str:
    """Whose turn it is of these, who come in the order of their seats: who is shortest, and of equals the first (`TIE`)."""
    return max(people, key=lambda person: round(shorts[person], _EQUAL))


def are_equal(one: float, other: float) -> bool:
    """Whether two are as short as each other, so that the order of their seats decides."""
    return round(one, _EQUAL) == round(other, _EQUAL)


def rotate(
    pool: Pool,
    ledger: Ledger,
    roster: Roster,
    now: datetime,
    passed_over: frozenset[str],
    unfit: Callable[[str], tuple[Code, ...]] = lambda _: (),
    coming: Collection[str] = (),
) -> Rotation:
    """The next of the pool, or none where all are away, unfit or passed over; the ledger counts the chosen one.

    `unfit` gives the codes of all that is in somebody's way. Whoever is `coming` has a turn although they are not at work yet."""
    hindered = {
        seat.person: hindrances_of(pool, seat.person, roster=roster, now=now, passed_over=passed_over, unfit=unfit)
        for seat in pool.seats
    }
    hindered |= {person: () for person in coming if hindered.get(person) == ("off_hours",)}
    codes = {person: all_codes[0] if all_codes else None for person, all_codes in hindered.items()}
    if all(codes.values()):
        return Rotation(None, ledger, {"pool": pool.name, "candidates": _candidates(pool, hindered, {})})
    before = with_seats(ledger, pool)
    chosen, shorts = turn(_weights(pool), {p: entry.short for p, entry in before.entries.items()}, codes)
    after = _with_turn(before, chosen, shorts)
    why = {
        "pool": pool.name,
        "candidates": _candidates(pool, hindered, shorts),
        "ledger": change(pool, before, after),
    }
    return Rotation(chosen, after, why)


def hindrances_of(
    pool: Pool,
    person: str,
    roster: Roster,
    now: datetime,
    passed_over: frozenset[str],
    unfit: Callable[[str], tuple[Code, ...]],
) -> tuple[Code, ...]:
    """The codes of all that keeps somebody of the pool from a lead now."""
    return (*_away(pool, person, roster=roster, now=now, passed_over=passed_over), *unfit(person))


def with_turn_by_hand(pool: Pool, ledger: Ledger, person: str, at_work: Iterable[str] = ()) -> Ledger:
    """The ledger after somebody of the pool was given a lead by hand: those `at_work` were due their share of it."""
    before = with_seats(ledger, pool)
    shorts = {seat.person: before.entries[seat.person].short for seat in pool.seats}
    others = [seat.person for seat in pool.seats if seat.person in set(at_work) - {person}]
    return _with_turn(before, person, _shorts_with_share(_weights(pool), shorts, [person], others))


def with_turns_moved(pool: Pool, ledger: Ledger, person: str, turns: int) -> Ledger:
    """The ledger after a turn was given back (-1), or counted again (1). Where that would leave them too far from the
    others, it moves what they were given and not what they are short of."""
    before = with_seats(ledger, pool)
    entry, shorts = before.entries[person], [before.entries[seat.person].short for seat in pool.seats]
    far = entry.short - min(shorts) if turns < 0 else max(shorts) - entry.short
    short = entry.short - turns if round(far, 6) <= MADE_UP else entry.short
    put = entry.but(given=max(0, entry.given + turns), short=round(short, _DIGITS))
    return Ledger(pool=pool.name, seq=ledger.seq + 1, entries={**before.entries, person: put})


def with_seats(ledger: Ledger, pool: Pool) -> Ledger:
    """The ledger with an entry for each seat of now; who had none when it moved last begins at the others' average."""
    entries = ledger.entries
    if {person for person, entry in entries.items() if entry.seated} == {seat.person for seat in pool.seats}:
        return ledger
    seats = {seat.person: LedgerEntry() for seat in pool.seats}
    shorts = [entries[person].short for person in seats if person in entries and entries[person].seated]
    begin = round(sum(shorts) / len(shorts), _DIGITS) if shorts else 0.0
    moves = {
        person: entry.but(seated=person in seats, short=begin)
        for person, entry in {**seats, **entries}.items()
        if entry.seated != (person in seats) or person not in entries
    }
    return ledger.but(entries={**entries, **moves})


def change(pool: Pool, before: Ledger, after: Ledger) -> JsonObject:
    """As evidence keeps it, for each seat: leads given and leads short, before and, where they moved, after."""
    was, now = with_seats(before, pool).entries, after.entries
    seats = {seat.person: [_figures(was[seat.person]), _figures(now[seat.person])] for seat in pool.seats}
    return {
        "seq": [before.seq, after.seq],
        "seats": {person: a if a == b else [*a, *b] for person, (a, b) in seats.items()},
    }


def _shorts_with_share(
    weights: Mapping[str, float], shorts: Mapping[str, float], here: list[str], others: list[str]
) -> dict[str, float]:
    """What each is short of with their share of one more lead. The `others`, who cannot take it, have a share too while
    none of them is further behind those who can than is made up for."""
    best = max([shorts[person] for person in here])
    owed = others and round(max([shorts[person] for person in others]) - best, 6) <= MADE_UP
    due = {*here, *(others if owed else ())}
    total = sum([weights[person] for person in weights if person in due])
    return {p: round(shorts[p] + (weights[p] / total if p in due else 0.0), _DIGITS) for p in weights}


def _with_turn(before: Ledger, chosen: str, shorts: Mapping[str, float]) -> Ledger:
    entries = dict(before.entries)
    for person, short in shorts.items():
        entries[person] = entries[person].but(short=short)
    entry = entries[chosen]
    entries[chosen] = entry.but(given=entry.given + 1, short=round(entry.short - 1, _DIGITS))
    return Ledger(pool=before.pool, seq=before.seq + 1, entries=entries)


def _weights(pool: Pool) -> dict[str, float]:
    return {seat.person: seat.weight for seat in pool.seats}


def _figures(entry: LedgerEntry) -> list[float]:
    return [entry.given, round(entry.short, 6)]


def _away(pool: Pool, person: str, roster: Roster, now: datetime, passed_over: frozenset[str]) -> tuple[Code, ...]:
    paused: tuple[Code, ...] = ("paused",) if pool.paused else ()
    return (*paused, *roster.why_not(person, now, passed_over))


def _candidates(pool: Pool, hindered: Mapping[str, tuple[Code, ...]], shorts: Mapping[str, float]) -> list[JsonObject]:
    """Each seat: the code of the reason it was passed over, and what else was in the way (`also`); or how short it is with
    its share of this lead."""
    return [
        {"person": seat.person, "weight": seat.weight} | _seat_evidence(seat.person, hindered[seat.person], shorts)
        for seat in pool.seats
    ]


def _seat_evidence(person: str, hindered: tuple[Code, ...], shorts: Mapping[str, float]) -> JsonObject:
    if not hindered:
        return {"short": round(shorts[person], 6)}
    return evidence_of(hindered)
