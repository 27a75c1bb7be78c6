"""What a mapping names and a body does not have, or has in a form that cannot be the fact: told to whoever set the source up.

Paths and names are the operator's own words; no value of the body is in a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from schemas.json_values import JsonValue
from schemas.signals import Parsed
from services.ingest.configured.paths import MISSING
from services.ingest.parsers.reading.safely import when

MAX_FINDINGS = 20
"""Of one signal: what comes after is of the same kind."""
_NEEDS: tuple[tuple[str, str, Callable[[Parsed], object]], ...] = (
    ("country", "no country that is known", lambda p: p.company.country),
    ("employees", "no number of employees, and no range", lambda p: p.company.employees),
    ("postcode", "no postcode", lambda p: p.company.postcode),
    ("domain", "no web site and no domain", lambda p: p.company.domain),
    ("language", "no language that is known", lambda p: p.language),
    ("amount", "no amount", lambda p: p.amount),
)
"""Facts that have to be of a form, what is told where a value is not, and where they stand."""


def missing(held: Mapping[str, JsonValue], paths: Mapping[str, str]) -> Iterator[str]:
    """One for each name at whose path nothing stands; an empty answer is an answer."""
    yield from (f"`{name}`: nothing stands at `{paths[name]}`" for name, value in held.items() if value is MISSING)


def unread(facts: Mapping[str, str], paths: Mapping[str, str], parsed: Parsed) -> Iterator[str]:
    """One for each value that was there and cannot be the fact that it is named for."""
    for name, wrong, fact in _NEEDS:
        if name in facts and fact(parsed) is None:
            yield f"`{name}`: what stands at `{paths[name]}` is {wrong}"
    if "occurred_at" in facts and when(facts["occurred_at"]) is None:
        yield f"`occurred_at`: what stands at `{paths['occurred_at']}` is no time"


def bounded_findings(findings: Iterable[str]) -> tuple[str, ...]:
    """Each once, and at most `MAX_FINDINGS`."""
    return tuple(dict.fromkeys(findings))[:MAX_FINDINGS]
