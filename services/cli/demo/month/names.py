"""Who asks in the demo's month: names and companies, all made up, under addresses that nobody can have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

FIRST = (
    "Agnes", "Albin", "Alma", "Arvid", "Astrid", "Axel", "Birgit", "Disa", "Ebbe", "Edit", "Einar", "Ester", "Folke", "Freja", "Gerda",
    "Gösta", "Hedda", "Hilma", "Ingrid", "Iris", "Ivar", "Jonna", "Kerstin", "Linnea", "Loke", "Malte", "Märta", "Nils", "Ottilia",
    "Rut", "Saga", "Sigrid", "Sixten", "Stina", "Sune", "Svea", "Tage", "Tora", "Tyra", "Ulla", "Valter", "Vera", "Ylva", "Åke", "Örjan",
)  # fmt: skip
LAST = (
    "Alm", "Ask", "Berg", "Björk", "Blad", "Dahl", "Ek", "Falk", "Fors", "Gran", "Hav", "Hed", "Holm", "Klint", "Kvist", "Lind", "Ljung",
    "Lund", "Lönn", "Mark", "Nord", "Näs", "Rask", "Sand", "Skog", "Sten", "Strand", "Sund", "Vik", "Äng", "Ö", "Öst",
)  # fmt: skip
TRADES = (
    ("Bageri", "manufacturing"), ("Data", "software"), ("El", "manufacturing"), ("Frakt", "logistics"), ("Glas", "manufacturing"),
    ("Konsult", "professional services"), ("Lager", "logistics"), ("Mekanik", "manufacturing"), ("Mjukvara", "software"),
    ("Rederi", "logistics"), ("Skola", "education"), ("Teknik", "professional services"),
)  # fmt: skip
PLACES = ("Fjäll", "Kust", "Mälar", "Norr", "Sjö", "Slätt", "Syd", "Väst", "Öst", "Skär", "Dal", "Ås")
_PLAIN = str.maketrans("åäöÅÄÖ", "aaoAAO")


class Visitor(NamedTuple):
    """Somebody who may buy; `industry` and `employees` are facts of their company."""

    name: str
    email: str
    company: str
    industry: str
    employees: int


def visitors(dice: Random) -> Iterator[Visitor]:
    """One after the other, none twice; now and then two of one company."""
    company, industry, domain, employees = "", "", "", 0
    for number in count(1):
        if not company or dice.random() > 0.08:
            trade, industry = dice.choice(TRADES)
            place = dice.choice(PLACES)
            company, employees = f"{place}{trade.lower()} AB", dice.choice((8, 25, 60, 120, 300, 700, 1500))
            domain = f"{place}{trade}{number}".lower().translate(_PLAIN) + ".example"
        first, last = dice.choice(FIRST), dice.choice(LAST)
        local = f"{first}.{last}".lower().translate(_PLAIN)
        yield Visitor(
            name=f"{first} {last}", email=f"{local}@{domain}", company=company, industry=industry, employees=employees
        )
