"""What a signal may change of a lead, by how its sender was proven.

What is less proven fills gaps, is kept beside as a proposal, and replaces nothing that is better proven. Among the equally proven
the newer counts. What somebody proven says is proven from then on, whenever they say it.
"""

from __future__ import annotations

from collections.abc import Iterable

from routing.model.contradictions import has_address
from routing.model.identity import names_somebody
from routing.model.records import Lead, Link, ProposedFact
from schemas.signals import Proof, Signal, happened_at

MOST_PROPOSED = 20
"""Proposals that a lead keeps, one for each fact; of more the oldest go."""
LONGEST_PROPOSED = 200
"""Characters of one; the history has it all."""
LIKE_NUMBER = 7
"""Last digits by which two ways of writing a number are the same one here."""
PERSONAL = frozenset(["email", "first_name", "last_name", "full_name", "phone"])
ANSWER = "answer:"
"""Begins the name under which the proof of an answer is kept, with the person's."""
ATTRIBUTE = "attribute:"
TAG = "tag:"


def is_outranked(lead: Lead, signal: Signal) -> bool:
    """Whether somebody proven has told of the lead, and nobody has proven who sent this signal."""
    return signal.proof == "none" and lead.proof == "signed"


def note_proof(lead: Lead, signal: Signal) -> None:
    """Somebody proven names the person: from now on the lead is more than what anybody may have said."""
    if lead.proof == "none" and signal.proof == "signed" and names_somebody(signal):
        lead.proof = "signed"


def may_link(lead: Lead, signal: Signal, links: tuple[Link, ...]) -> tuple[Link, ...]:
    """Identities that name the lead from now on. Somebody unproven brings a proven lead none but the address that it lacked: an id,
    a number or a changed address of theirs would move or join what somebody proven tells of."""
    if not links or not is_outranked(lead, signal):
        return links
    if has_address(lead):
        return ()
    return tuple(link for link in links if link.identity.kind == "email" and not link.identity.former)


class Scale:
    """Weighs what one signal says of facts, each by its name, against what the lead holds of them. `newer`: the signal is no older than
    the lead's last touch. `keep()` writes down what came of it."""

    __slots__ = ("_lead", "_newer", "_proposed", "_signal", "_signed", "_unproven", "refused")

    def __init__(self, lead: Lead, signal: Signal, newer: bool) -> None:
        self._lead, self._signal, self._newer = lead, signal, newer
        self._signed = signal.proof == "signed"
        self._unproven: list[str] | None = None
        self._proposed: dict[str, ProposedFact] | None = None
        self.refused: list[str] = []

    @property
    def is_plain(self) -> bool:
        """Whether signal and lead are proven throughout, so that only the time counts."""
        personal = self._lead.personal
        return self._signed and not (self._lead.unproven or personal.unproven or personal.proposed_facts)

    def take_fact(self, name: str, stated: object, held: object) -> bool:
        """Whether what is said becomes the lead's fact. Where it may not replace a proven one it becomes a proposal."""
        if held is None:
            self._mark(name)
            return True
        if self._signed:
            self._confirm(name, stated)
            was_unproven = self._prove(name)
            return stated != held and (was_unproven or self._newer)
        if self.is_unproven(name):
            return self._newer and stated != held
        if not _is_same(name, stated, held):
            self._propose(name, stated)
        return False

    def is_unproven(self, name: str) -> bool:
        """Whether nobody proven has said this fact of the lead."""
        if self._unproven is not None:
            return name in self._unproven
        return name in self._lead.unproven or name in self._lead.personal.unproven

    def is_as_proven(self, name: str) -> bool:
        """Whether what is said is as proven as what is known."""
        return self._signed or self.is_unproven(name)

    def may_drop(self, name: str) -> bool:
        """Whether the signal may take this away; its proof is forgotten then."""
        if not self.is_as_proven(name):
            return False
        self._prove(name)
        return True

    def keep(self) -> None:
        """Writes down with the lead what is proven, and what is proposed."""
        lead, personal = self._lead, self._lead.personal
        if self._unproven is not None:
            there = [name for name in self._unproven if _is_there(lead, name)]
            theirs = tuple(name for name in there if _is_personal(name))
            lead.unproven = tuple(name for name in there if not _is_personal(name))
            if theirs != personal.unproven:
                personal = personal.but(unproven=theirs)
        if self._proposed is not None:
            personal = personal.but(proposed_facts=self._proposed)
        if personal is not lead.personal:
            lead.personal = personal

    def _mark(self, name: str) -> None:
        """A fact that was not known before."""
        if self._signed:
            self._prove(name)
        elif not self.is_unproven(name):
            self._names().append(name)

    def _prove(self, name: str) -> bool:
        if not self.is_unproven(name):
            return False
        self._names().remove(name)
        return True

    def _names(self) -> list[str]:
        if self._unproven is None:
            self._unproven = [*self._lead.unproven, *self._lead.personal.unproven]
        return self._unproven

    def _confirm(self, name: str, stated: object) -> None:
        """Somebody proven says what was proposed: it is a proposal no more."""
        proposed = self._proposed if self._proposed is not None else self._lead.personal.proposed_facts
        if name in proposed and _is_same(name, proposed[name].value, _short_value(stated)):
            self._proposed = {other: fact for other, fact in proposed.items() if other != name}

    def _propose(self, name: str, stated: object) -> None:
        self.refused.append(name)
        if name.startswith(ANSWER):
            return  # the record keeps the words of each form
        proposed = self._proposed if self._proposed is not None else self._lead.personal.proposed_facts
        others = [(other, fact) for other, fact in proposed.items() if other != name]
        signal = self._signal
        new = ProposedFact(
            value=_short_value(stated), at=happened_at(signal), source=signal.source, signal_id=signal.id
        )
        self._proposed = dict([*others, (name, new)][-MOST_PROPOSED:])


def take_over(kept: Lead, gone: Lead, fields: Iterable[str], person: Iterable[str], tags: Iterable[str]) -> None:
    """What a merged lead brings along is as proven as it was there. The two are as proven as the better of them."""
    names = {*fields, *(f"{TAG}{tag}" for tag in tags)}
    if "attributes" in names:
        names |= {name for name in gone.unproven if name.startswith(ATTRIBUTE)}
    kept.unproven = (*kept.unproven, *(name for name in gone.unproven if name in names and name not in kept.unproven))
    theirs = [name for name in person if name in gone.personal.unproven and name not in kept.personal.unproven]
    kept.personal = kept.personal.but(unproven=(*kept.personal.unproven, *theirs))
    if "signed" in (kept.proof, gone.proof):
        kept.proof = "signed"


def give_back(kept: Lead, fields: Iterable[str], person: Iterable[str], proof: Proof | None) -> None:
    """The proofs of what goes out again with the lead that was merged; `proof` is what the kept one had before."""
    attributes = "attributes" in fields and kept.attributes is None
    kept.unproven = tuple(
        name
        for name in kept.unproven
        if not (name in fields and getattr(kept, name) is None)
        and not (attributes and name.startswith(ATTRIBUTE))
        and _is_there(kept, name)
    )
    kept.personal = kept.personal.but(unproven=tuple(name for name in kept.personal.unproven if name not in person))
    kept.proof = proof or kept.proof


def _is_personal(name: str) -> bool:
    return name in PERSONAL or name.startswith(ANSWER)


def _is_there(lead: Lead, name: str) -> bool:
    """Of tags and answers some had no room."""
    if name.startswith(ANSWER):
        return name.removeprefix(ANSWER) in lead.personal.answers
    return not name.startswith(TAG) or name.removeprefix(TAG) in lead.tags


def _is_same(name: str, stated: object, held: object) -> bool:
    """Whether two ways of writing are one value: no proposal comes of a capital letter, or of a number with blanks."""
    if stated == held:
        return True
    one, other = str(stated).strip().casefold(), str(held).strip().casefold()
    if name == "phone":
        one, other = ("".join(filter(str.isdigit, text))[-LIKE_NUMBER:] for text in (one, other))
    return one == other


def _short_value(value: object) -> str | int | float | bool:
    if isinstance(value, bool | int | float):
        return value
    return str(value)[:LONGEST_PROPOSED]
