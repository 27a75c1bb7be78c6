"""What the parsers share: safe reading of bodies, of times, and of a person's facts under the names that forms use."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TypeVar

from schemas.instants import plausible
from schemas.json_values import COMPOSITE, JsonObject, JsonValue
from schemas.signals import Company, Parsed, Person, Quarantined
from services.ingest.parsers.bounds.amount import added_up, facts_at_most
from services.ingest.parsers.bounds.faults import read_or_quarantine
from services.ingest.parsers.bounds.pieces import composite_in, take_turns, values_in
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.by_names import Names, cache_by_names, names_of
from services.ingest.parsers.reading.naming import cache_by_name, is_anothers, is_login, is_secret, label, meaning
from services.ingest.parsers.reading.tables import word_set
from services.ingest.parsers.reading.values import fits, is_address, lines_as_object
from services.ingest.parsers.reading.whose import settle_names

MAX_DEPTH = 64
MAX_EVENTS = 1000
MAX_VALUES = 50_000
"""Of one body, however few events they are in: each costs some microseconds, and some tens where its name means something."""
NEW_NAME = 4
"""Values that a field's name counts as besides, where it comes for the first time in a body: it is folded and looked up once."""
MAX_BRACKETS = 100_000
"""Of a body, inside texts too: to read a mebibyte of empty lists takes ten times as long as to read one of texts."""
LONGEST_NUMBER = 400
"""Characters of a number or a time: to read a megabyte of digits takes milliseconds, and an event may ask for several."""
LONGEST_IN_PATH = 100
"""Characters of a name in the path of an event: it may be a megabyte, and a thousand events have a path each."""
_COUNTED = 100
"""Values of a text of JSON that need no count."""
_most: ContextVar[int] = ContextVar("most events of a body", default=MAX_EVENTS)


class _Left:
    """Values that a body may still have, and the names that were met in it."""

    __slots__ = ("names", "values")

    def __init__(self, values: int) -> None:
        self.values = values
        self.names: set[str] = set()


_left: ContextVar[_Left | None] = ContextVar("values that a body may still have", default=None)
"""Shared by all texts of JSON in a body; None where each has a bound of its own."""
Result = list[Parsed | Quarantined]


_ODD = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
"""Bytes of which JSON can make what no store takes: half characters and NUL."""
_MARK = b"\xef\xbb\xbf"
"""A byte order mark, which some programs begin a text with."""


def read_json(body: bytes) -> JsonValue:
    """Raises Unreadable: not UTF-8, not JSON, too deep, a key twice in one object, numbers that are none or too large."""
    brackets = body.count(b"[") + body.count(b"{")
    if brackets > MAX_BRACKETS:
        raise Unreadable("the body has more values than are taken at once")
    try:
        whole = _DECODER.decode(body.removeprefix(_MARK).decode())
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except RecursionError:
        raise Unreadable(f"nested over {MAX_DEPTH} deep") from None
    except ValueError:
        raise Unreadable("not JSON") from None
    if brackets > MAX_DEPTH or body.count(b",") + body.count(b":") > _COUNTED:
        _measure(whole)
    return _clean_deeply(whole) if _ODD.search(body) is not None else whole


def _measure(whole: JsonValue) -> None:
    """Raises Unreadable where it is too deep, or has more values than the body may still have. Level by level: brackets, commas
    and colons inside texts are none."""
    left = _left.get() or _Left(MAX_VALUES)
    inner, count, depth = [whole] if isinstance(whole, COMPOSITE) else [], 0, 0
    while inner:
        if depth >= MAX_DEPTH:
            raise Unreadable(f"nested over {MAX_DEPTH} deep")
        met = len(left.names)
        left.names.update(*[one for one in inner if isinstance(one, dict)])
        count += sum(map(len, inner)) + NEW_NAME * (len(left.names) - met)
        if count > left.values:
            raise Unreadable("the body has more values than are taken at once")
        inner = composite_in(inner)
        depth += 1
    left.values -= count


def _once(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    """Of a key that is there twice one reader takes the first and the next the last; we guess neither."""
    whole = dict(pairs)
    if len(whole) != len(pairs):
        raise Unreadable("a key is there twice in one object")
    return whole


def _refuse(name: str) -> JsonValue:
    raise ValueError(name)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number[:40])
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_once)


def _clean_deeply(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {clean(k): _clean_deeply(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean_deeply(v) for v in value]
    return clean(value) if isinstance(value, str) else value


def clean(value: str) -> str:
    """Without NUL, which PostgreSQL cannot hold, and with half characters (lone surrogates) shown as such."""
    if "\x00" in value:
        value = value.replace("\x00", "")
    return value if value.isascii() else _HALF.sub("\ufffd", value)


_HALF = re.compile("[\ud800-\udfff]")


def as_object(value: JsonValue, where: str = "$") -> JsonObject:
    """Raises Unreadable unless it is an object."""
    if not isinstance(value, dict):
        raise Unreadable("an object is expected here", where)
    return value


def refuse_too_many(rows: list[JsonValue]) -> list[JsonValue]:
    """Raises Unreadable for more than may be: then the whole body is set aside, and nothing of it is lost."""
    most = _most.get()
    if len(rows) > most:
        raise Unreadable(f"{len(rows)} events, at most {most} are taken at once")
    return rows


class events_at_most:  # noqa: N801 - reads as a statement
    """The body that is read in it may have so many events and values: a sender who proves nothing may not cost as much as
    another. `size`: its bytes, which bound what is made of them."""

    __slots__ = ("_count", "_facts", "_tokens", "_values")
    _tokens: tuple[Token[int], Token[_Left | None]]

    def __init__(self, count: int, values: int = MAX_VALUES, size: int = 0) -> None:
        self._count, self._values = min(count, MAX_EVENTS), min(values, MAX_VALUES)
        self._facts = facts_at_most(self._values, size)

    def __enter__(self) -> None:
        self._tokens = _most.set(self._count), _left.set(_Left(self._values))
        self._facts.__enter__()

    def __exit__(self, *_: object) -> None:
        self._facts.__exit__()
        most, left = self._tokens
        _most.reset(most)
        _left.reset(left)


def mapping(value: JsonValue) -> JsonObject:
    """An object, or {} for whatever else a sender puts there (PHP writes an empty one as [])."""
    return value if isinstance(value, dict) else {}


def text(value: JsonValue) -> str | None:
    """A scalar as trimmed text; None for what holds nothing."""
    if type(value) is str:
        plain = value if value.isascii() and "\x00" not in value else clean(value)
        return plain.strip() or None
    if isinstance(value, bool) or value is None or isinstance(value, COMPOSITE):
        return None
    return clean(str(value)).strip() or None


def when(value: JsonValue) -> datetime | None:
    """ISO 8601, or seconds, milliseconds or microseconds since 1970; without a zone it is UTC. None where it is no time, or
    one in which nobody was a lead: what platforms write for none."""
    if isinstance(value, str) and len(value) > LONGEST_NUMBER:
        return None
    try:
        if isinstance(value, str) and not (written := value.strip()).isdigit():
            if not written[:1].isdigit():
                return None
            at = datetime.fromisoformat(written)
            return plausible(at if at.tzinfo else at.replace(tzinfo=UTC))
        number = float(value)
        for unit, least in ((1e6, 1e14), (1e3, 1e11), (1.0, 1e8)):
            # From 1973 on in each unit: a year or a day's date written as a number is no instant.
            if least <= number < 1e17:
                return plausible(datetime.fromtimestamp(number / unit, UTC))
    except (ValueError, TypeError, OverflowError, OSError):
        pass
    return None


def number(value: JsonValue) -> float | None:
    """A finite number, also written as text; None for what is none."""
    if isinstance(value, str) and len(value) > LONGEST_NUMBER:
        return None
    try:
        result = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


Found = TypeVar("Found")


Read = Callable[[JsonObject, str, int], Parsed | Quarantined]


def each(rows: Iterable[tuple[str, JsonValue]], read: Read) -> Result:
    """Every row (its path, itself) judged alone: one that is not understood is set aside, the others go on. Raises TooMuch."""
    paced_rows = enumerate(take_turns(rows, lambda row: values_in(row[1])))
    return list(
        added_up(read_or_quarantine(where, partial(_one, read, row, where, i)) for i, (where, row) in paced_rows)
    )


def _one(read: Read, row: JsonValue, where: str, i: int) -> Parsed | Quarantined:
    return read(as_object(row, where), where, i)


def events_with_paths(whole: JsonValue) -> list[tuple[str, JsonValue]]:
    """The events of a body that is one event or a list of them, each with its path. Raises Unreadable for too many."""
    if isinstance(whole, list):
        return [(f"$[{i}]", row) for i, row in enumerate(refuse_too_many(whole))]
    return [("$", whole)]


def body_key(body: bytes, *more: object) -> str:
    """A dedupe key of the body itself; `services.ingest.normalising.normalise` adds the window in which it holds."""
    return ":".join(["body", body_digest(body), *map(str, more)])


@lru_cache(maxsize=4)
def body_digest(body: bytes) -> str:
    """Computed once for a body, however many events are in it; several, for bodies are read on several threads."""
    return hashlib.sha256(body).hexdigest()[:40]


_IDS = ("request_id", "submission_id", "submissionid", "entry_id", "response_id", "lead_id", "id")
MAX_FIELD = 20_000
MAX_ANSWERS = 2000


@cache_by_name
def plain_name(name: str) -> str:
    """A field's name as the table above has it."""
    return name.strip().casefold().replace("-", "_").replace(" ", "_").removesuffix("[]")


def person_facts(fields: Mapping[str, JsonValue]) -> tuple[dict[str, str], JsonObject]:
    """(facts by our names, every further answer by the sender's names). The most telling name wins.

    Raises Unreadable for more than `MAX_ANSWERS`: then the whole is set aside, and nothing of it is lost.
    """
    facts, read = read_person(fields)
    return facts, {name: value for name, value in fields.items() if name not in read}


def read_person(fields: Mapping[str, JsonValue]) -> tuple[dict[str, str], frozenset[str]]:
    """(facts by our names, names of the answers that told them). Raises Unreadable for more than `MAX_ANSWERS`."""
    if len(fields) > MAX_ANSWERS:
        raise Unreadable(f"{len(fields)} answers, at most {MAX_ANSWERS} are taken at once")
    best: dict[str, tuple[int, str, str]] = {}
    names = names_of(fields)
    for name, target in _telling(names):
        for fact, rank, answer in _read(name, fields[name], target):
            if rank < best.get(fact, _UNTOLD)[0]:
                best[fact] = (rank, answer, name)
    if "email" in best and best.keys().isdisjoint(_NAMED) and (named := _beside(best["email"][2], fields)) is not None:
        best["full_name"] = named
    used = {fact: name for fact, (_, _, name) in best.items()}
    facts = {fact: answer for fact, (_, answer, _) in best.items()}
    settle_names(facts, used, fields, names)
    read = frozenset(used.values())
    return _untangle_names(facts, used), read


def _beside(address: str, fields: Mapping[str, JsonValue]) -> tuple[int, str, str] | None:
    """The `user_name` of a `user_email`: whoever's address it is."""
    whose = label(address).removesuffix("_address").removesuffix("_email")
    if whose == label(address) or whose in _FIRMS or (is_anothers(whose) and whose != "user"):
        return None
    named = {label(name): name for name in list(fields)[:MAX_ANSWERS]}
    name = named.get(f"{whose}_name")
    answer = _answer_text(fields[name]) if name is not None else None
    return (970, answer, name) if name is not None and answer and " " in answer and fits("full_name", answer) else None


_FIRMS = word_set("""
    company organization organisation business account shop store merchant site work billing
""")
"""Whose name beside their address is no person's."""


_UNTOLD = (9999, "", "")
_Target = tuple[str, int]
"""A fact, and the rank of the name that tells it."""


@cache_by_names
def _telling(names: Names) -> tuple[tuple[str, _Target | None], ...]:
    """(name, what it tells) of those that mean something to us, and of accounts by whose names somebody may have signed in.
    Most mean nothing, and their values may be long: those are not looked at."""
    told = ((name, _target(name)) for name in names)
    return tuple((name, target) for name, target in told if target is not None or is_login(name))


def _target(name: str) -> _Target | None:
    plain = plain_name(name)
    return ("external_id", _IDS.index(plain)) if plain in _IDS else meaning(name)


def _read(name: str, value: JsonValue, target: _Target | None) -> list[tuple[str, int, str]]:
    """(fact, rank, what it says) of one answer: none for one that says nothing, several for a name in lines."""
    if (answer := _answer_text(value)) is None:
        return []
    if (target is None or target[0] in _NAMED) and is_address(answer):
        # Whoever signs in by an address has it as the name.
        return [("email", 980, answer)]
    if target is None:
        return []
    if target[0] == "full_name" and (parts := name_parts(lines_as_object(answer))):
        return [(fact, target[1], held) for fact, held in parts.items()]
    # A test that fills every field with the field's own name says nothing.
    return [(*target, answer)] if fits(target[0], answer) and not ("_" in answer and answer == plain_name(name)) else []


_NAMED = ("first_name", "last_name", "full_name")


def _answer_text(value: JsonValue) -> str | None:
    """An answer as text; a list of one (a box, a column of a spreadsheet) is its one answer."""
    if isinstance(value, list) and value:
        return text(value[0])
    return text(value)


def _untangle_names(facts: dict[str, str], used: dict[str, str]) -> dict[str, str]:
    """`Nom` or `Nombre` alone on a form is the whole name; beside `Prénom` or `Apellidos` it is one part of it."""
    for part, other in (("last_name", "first_name"), ("first_name", "last_name")):
        alone = part in facts and other not in facts and "full_name" not in facts
        if (
            alone
            and label(used[part]) in ("nom", "nombre", "nome", "nume")
            and (part == "last_name" or " " in facts[part])
        ):
            facts["full_name"] = facts.pop(part)
    full, last = facts.get("full_name"), facts.get("last_name")
    if full and last and "first_name" not in facts and label(used.get("full_name", "")) in _FIRSTS and last not in full:
        facts["first_name"] = facts.pop("full_name")
    return facts


_FIRSTS = ("name", "f_name", "nome", "nombre", label("имя"), label("ім_я"))
"""Beside a family name these are the given one: `name` and `last_name`, `Nome` and `Cognome`, `Имя` and `Фамилия`."""


def person_of(facts: Mapping[str, str | None]) -> Person:
    """The person among facts by our names."""
    return Person(**{name: facts.get(name) for name in Person.__struct_fields__})


def company_of(facts: Mapping[str, str | None]) -> Company:
    """The company among facts by our names."""
    return Company(name=facts.get("company"), domain=facts.get("domain"))


def utm_of(fields: JsonObject) -> dict[str, str]:
    """Takes the campaign parameters out of `fields`."""
    names = utm_names(names_of(fields))
    return {plain_name(name): value for name in names if (value := text(fields.pop(name))) is not None}


@cache_by_names
def utm_names(names: Names) -> Names:
    """Those of parameters of a campaign."""
    return tuple(name for name in names if plain_name(name).startswith("utm_"))


def only_known(items: Iterable[tuple[str, JsonValue]]) -> JsonObject:
    """Answers that hold something, bounded; secrets are none."""
    return {
        name[:200]: (v[:MAX_FIELD] if isinstance(v, str) else v)
        for name, v in items
        if (v if type(v) is str else v not in (None, "", [], {})) and not is_secret(name)
    }


def name_parts(value: JsonValue) -> dict[str, str]:
    """A name that a form has in parts, `{first, last}`; {} for what is none."""
    if not isinstance(value, dict) or not value or not {str(k).casefold() for k in value} <= _PARTS.keys():
        return {}
    parts = {_PARTS[str(k).casefold()]: text(v) for k, v in value.items()}
    return {k: v for k, v in parts.items() if k and v}


_PARTS = {
    **dict.fromkeys(("first", "first_name", "firstname"), "first_name"),
    **dict.fromkeys(("last", "last_name", "lastname"), "last_name"),
    **dict.fromkeys(("full_name", "fullname", "firstandlast"), "full_name"),
    **dict.fromkeys(("middle", "middleinitial", "prefix", "suffix", "title"), ""),
}
_INTERNATIONAL = re.compile(r"\+[1-9][\d\s().-]{6,20}|\(\d{3}\) \d{3}-\d{4}")


def by_shape(answers: Mapping[str, JsonValue], facts: dict[str, str]) -> tuple[str, ...]:
    """Fills in an e-mail address and a phone number that no name tells, where exactly one answer can be it: a form
    builder that numbers its fields leaves nothing but the answer's shape. Returns the names of those answers."""
    used: list[str] = []
    for fact, is_one in (("email", is_address), ("phone", _INTERNATIONAL.fullmatch)):
        if fact in facts:
            continue
        matches = [(n, answer) for n, v in answers.items() if (answer := text(v)) is not None and is_one(answer)]
        if len({answer for _, answer in matches}) == 1:
            facts[fact] = matches[0][1]
            used.extend(name for name, _ in matches)
    return tuple(used)
