"""What the parsers share: safe reading of bodies, of times, and of a person's facts under the names that forms use."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.signals import Company, Parsed, Person, Quarantined

MAX_DEPTH = 64
MAX_EVENTS = 1000
Result = list[Parsed | Quarantined]


class Unreadable(Exception):
    """A body, or a part of it, is not what its kind sends. `where` is the path in the body."""

    def __init__(self, reason: str, where: str = "$") -> None:
        super().__init__(reason)
        self.reason, self.where = reason, where


def read_json(body: bytes) -> Any:
    """Raises Unreadable: not UTF-8, not JSON, too deep, or with numbers that JSON does not have."""
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise Unreadable(f"nested over {MAX_DEPTH} deep")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for char in body:
        depth += (char in b"[{") - (char in b"]}")
        deepest = max(deepest, depth)
    return deepest


def as_object(value: Any, where: str = "$") -> dict[str, Any]:
    """Raises Unreadable unless it is an object."""
    if not isinstance(value, dict):
        raise Unreadable("an object is expected here", where)
    return value


def bounded(rows: list[Any]) -> list[Any]:
    """Raises Unreadable for more than `MAX_EVENTS`: then the whole body is set aside, and nothing of it is lost."""
    if len(rows) > MAX_EVENTS:
        raise Unreadable(f"{len(rows)} events, at most {MAX_EVENTS} are taken at once")
    return rows


def mapping(value: Any) -> dict[str, Any]:
    """An object, or {} for whatever else a sender puts there (PHP writes an empty one as [])."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str | None:
    """A scalar as trimmed text; None for what holds nothing."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return None
    return str(value).replace("\x00", "").strip() or None


def when(value: Any) -> datetime | None:
    """ISO 8601, or seconds, milliseconds or microseconds since 1970; without a zone it is UTC. None where it is no time."""
    try:
        if isinstance(value, str) and not value.strip().isdigit():
            at = datetime.fromisoformat(value.strip())
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        number = float(value)
        while number > 1e11:
            number /= 1000
        return datetime.fromtimestamp(number, UTC) if number > 0 else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def body_key(body: bytes, *more: object) -> str:
    """A dedupe key of the body itself; `services.ingest.normalise` adds the window in which it holds."""
    return ":".join(["body", hashlib.sha256(body).hexdigest()[:40], *map(str, more)])


_NAMES: dict[str, tuple[str, ...]] = {
    "email": ("email", "e_mail", "mail", "emailaddress", "email_address", "epost", "e_post", "epostadress", "mejl",
              "your_email", "work_email", "workemail", "business_email", "correo", "courriel"),
    "first_name": ("first_name", "firstname", "fname", "given_name", "givenname", "fornamn", "förnamn", "prenom",
                   "vorname", "nombre"),
    "last_name": ("last_name", "lastname", "lname", "surname", "family_name", "familyname", "efternamn", "nachname",
                  "nom", "apellido"),
    "full_name": ("full_name", "fullname", "name", "namn", "your_name", "yourname", "client_name", "contact_name",
                  "customer_name", "namn_och_efternamn"),
    "phone": ("phone", "phone_number", "phonenumber", "telephone", "tel", "telefon", "telefonnummer", "mobile",
              "mobile_phone", "mobil", "mobilnummer", "cell", "your_phone"),
    "company": ("company", "company_name", "companyname", "organization", "organisation", "org", "orgname",
                "business_name", "business", "foretag", "företag", "företagsnamn", "foretagsnamn", "firma", "your_company"),
    "domain": ("domain", "website", "company_domain", "webbplats"),
    "external_id": ("request_id", "submission_id", "submissionid", "entry_id", "response_id", "lead_id", "id"),
}  # fmt: skip
_BY_NAME = {name: (fact, rank) for fact, names in _NAMES.items() for rank, name in enumerate(names)}
MAX_FIELD = 20_000


def plain_name(name: str) -> str:
    """A field's name as the table above has it."""
    return name.strip().casefold().replace("-", "_").replace(" ", "_").removesuffix("[]")


def person_facts(fields: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """(facts by our names, every further answer by the sender's names). The most telling name wins."""
    best: dict[str, tuple[int, str, str]] = {}
    for name, value in fields.items():
        fact, said = _BY_NAME.get(plain_name(name)), text(value)
        if fact is not None and said is not None and fact[1] < best.get(fact[0], (99, "", ""))[0]:
            best[fact[0]] = (fact[1], said, name)
    if "email" in best and "@" not in best["email"][1]:
        del best["email"]
    used = {name for _, _, name in best.values()}
    rest = {name: value for name, value in fields.items() if name not in used}
    return {fact: said for fact, (_, said, _) in best.items()}, rest


def person_of(facts: Mapping[str, str | None]) -> Person:
    """The person among facts by our names."""
    return Person(**{name: facts.get(name) for name in Person.model_fields})


def company_of(facts: Mapping[str, str | None]) -> Company:
    return Company(name=facts.get("company"), domain=facts.get("domain"))


def utm_of(fields: dict[str, Any]) -> dict[str, str]:
    """Takes the campaign parameters out of `fields`."""
    names = [name for name in fields if plain_name(name).startswith("utm_")]
    return {plain_name(name): said for name in names if (said := text(fields.pop(name))) is not None}


def only_known(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Answers that hold something, bounded."""
    return {
        name[:200]: (v[:MAX_FIELD] if isinstance(v, str) else v) for name, v in items if v not in (None, "", [], {})
    }
