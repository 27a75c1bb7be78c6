"""Facts that decisions may use, among the answers that no parser has a place for: the language, and where and what the
company is. They are looked for by the names that forms and platforms give them; the answers stay as they are."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.places import language_code
from schemas.signals import Company, Parsed
from services.ingest.parsers.reading.by_names import Names, cache_by_names, names_of
from services.ingest.parsers.reading.firmographics import firm_facts
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text

LARGEST_SETTLED = 1_000_000
"""Employees; of what is larger a range may have been read as its lower end."""
_PHONE_VERIFIED = frozenset(["phone_verified", "phone_number_verified", "is_phone_verified", "phone_is_verified"])


def with_profile(parsed: Parsed) -> Parsed:
    """With what its answers tell and its parser did not; the same object where they tell nothing."""
    answers = firm_facts(parsed.fields) if parsed.fields else {}
    language = language_code(answers.pop("language", None)) if parsed.language is None else None
    company = _with_facts(parsed.company, {name: value for name, value in answers.items() if name != "language"})
    changed: JsonObject = {"language": language} if language is not None else {}
    names = names_of(parsed.fields)
    if not parsed.utm and (utm := _utm(parsed.fields, names)):
        changed |= {"utm": utm, "campaign": parsed.campaign or utm.get("utm_campaign")}
    if not parsed.phone_verified and any(_says_yes(parsed.fields[name]) for name in _verifying(names)):
        changed["phone_verified"] = True
    if company != parsed.company:
        changed["company"] = company
    return parsed.but(**changed) if changed else parsed


def _with_facts(company: Company, facts: dict[str, str]) -> Company:
    """The company with what it does not say itself; the same object where that is nothing and it is read as it stands."""
    known = company.known_fields()
    if facts.keys() <= known.keys() and _is_settled(known):
        return company
    return Company(**{**facts, **known})


def _is_settled(known: JsonObject) -> bool:
    """Whether a company of these fields, read once more, would be the same; of what is unusual that is not said."""
    for name in ("name", "industry", "employees_range", "region"):
        if (written := known.get(name)) is not None and (not written.isprintable() or written.strip() != written):
            return False
    if known.keys() & {"city", "postcode"} or not 0 <= known.get("employees", 0) <= LARGEST_SETTLED:
        return False
    return not known.get("domain", "").startswith("ww")


def _utm(fields: JsonObject, names: Names) -> dict[str, str]:
    """Parameters of a campaign that a platform keeps among its own fields."""
    named = ((parameter, fields[name]) for name, parameter in _parameters(names))
    return {name: parameter for name, value in named if (parameter := text(value)) is not None}


@cache_by_names
def _parameters(names: Names) -> tuple[tuple[str, str], ...]:
    """(name, the parameter) of those that are one of a campaign."""
    told = ((name, label(name.removesuffix("__c"))) for name in names if "utm" in name[:20].casefold())
    return tuple((name, parameter) for name, parameter in told if parameter.startswith("utm_"))


@cache_by_names
def _verifying(names: Names) -> Names:
    """Those that say whether the number was proven to be theirs."""
    return tuple(name for name in names if label(name) in _PHONE_VERIFIED)


def _says_yes(value: JsonValue) -> bool:
    return (text(value) or str(value)).casefold() in ("true", "1", "yes", "ja")
