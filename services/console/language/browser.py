"""Which language a browser asks for."""

from __future__ import annotations

from schemas.notify import Language

LONGEST = 512
"""Characters of the header that are read."""


def language_of(accept: str) -> Language:
    """Of a header `Accept-Language`: Swedish or English, whichever has the greater weight, the first of equals; else English."""
    best: Language = "en"
    most = 0.0
    for part in accept[:LONGEST].split(","):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        spoken = tag.strip().casefold().partition("-")[0]
        if weight > most and (spoken == "sv" or spoken == "en"):
            best, most = ("sv" if spoken == "sv" else "en"), weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, float(value)) if value.strip()[:1].isdigit() else 0.0
    except ValueError:
        return 0.0
