"""The condition `when` of a sink: which hand-overs it takes, in CEL over what they say of themselves, checked when the file is read.

Nothing personal is among what it may name: who somebody is decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from cel_expr_python import cel

from routing.agreement.cel_words import plain_complaint
from schemas.sinks import FACTS
from schemas.sinks.mapping import OUTCOME, SLA
from services.sinks.planning.facts import Facts

_AT = ("offer.expires_at", "offer.follow_up_due_at", "event.time", "qualification.at", "dossier.meeting_booked_at")
_WHOLE = (
    "handover.pass_number",
    "offer.number",
    "company.employees",
    "qualification.fit",
    "qualification.intent",
    "qualification.score",
)


def _type_of(fact: str) -> cel.Type:
    if fact in _AT:
        return cel.Type.TIMESTAMP
    if fact in _WHOLE:
        return cel.Type.INT
    return cel.Type.BOOL if fact == "dossier.complete" else cel.Type.STRING


VARIABLES = {fact: _type_of(fact) for fact in FACTS if not fact.startswith(("contact.", SLA, OUTCOME))}
"""What a condition may name, with its type: nothing of the person, and nothing that is known only later."""
_ENV = cel.NewEnv(variables=VARIABLES)


class WhenError(ValueError):
    """A condition that does not compile, or is not a yes-or-no question; the text says where."""


def compile_when(text: str) -> Callable[[Facts], bool]:
    """Whether a hand-over of these facts is taken; not where the answer depends on what is not known. Raises WhenError."""
    try:
        compiled = _ENV.compile(text)
    except RuntimeError as error:
        raise WhenError(
            plain_complaint(str(error), text, sorted(VARIABLES), listed="docs/sinks.md lists what there is")
        ) from None
    if compiled.return_type() != cel.Type.BOOL:
        kind = compiled.return_type().name()
        raise WhenError(
            f"`{text}` gives {kind}; it must give BOOL, yes or no: compare it, as `company.employees >= 50`"
        )

    def is_met(facts: Facts) -> bool:
        known = {name: facts[name] for name in VARIABLES if facts.get(name) is not None}
        return compiled.eval(_ENV.Activation(known)).plain_value() is True

    return is_met
