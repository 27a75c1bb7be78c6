"""Whether a text can be somebody's or something's id: programs and spreadsheets write many things where there is none.

An id that is none joins strangers, for they all have it: it never names a person, a company, a deal or an activity, and never tells
that two deliveries are the same one.
"""

from __future__ import annotations

import re
from functools import lru_cache

from schemas.json_values import JsonValue
from schemas.signals import Parsed, Reference
from services.ingest.parsers.reading.safely import text
from services.ingest.parsers.reading.tables import word_set

_WORDS = """
    undefined undef null nullptr nil none void nothing empty blank missing nan inf infinity -infinity n/a n.a. n.a na n_a #n/a #na
    #null! #ref! #value! #name? #num! #div/0! #error! error err invalid unset unassigned notset notfound notavailable notapplicable
    notdefined nodata noid novalue unknown unkown unidentified anonymous anon anonym anonymoususer anonymousid guest guestuser visitor
    nobody noone true false yes no on off default dummy fake placeholder example sample demo foo bar baz foobar test tests testing
    tester testuser testid testcontact testlead test1 test123 testtest temp tmp todo tbd tba tbc xyz abc asdf qwerty loremipsum
    string str integer int number float object boolean bool array function symbol id ids uid uuid guid key userid contactid customerid leadid personid clientid recordid accountid externalid subscriberid memberid profileid objectid dealid
    companyid changeme replaceme samplevalue
    okänd saknas ingen inget tom tomt unbekannt keine keiner leer fehlt inconnu inconnue aucun aucune vide indéfini desconocido
    desconocida ninguno ninguna vacío indefinido ukjent ukendt tuntematon tyhjä onbekend geen leeg sconosciuto nessuno vuoto
    desconhecido nenhum vazio nieznany brak puste неизвестно нет отсутствует
"""
_NONE = frozenset(_WORDS.split())
"""What stands there for nothing, without gaps and in lower case."""
_LIMITS = word_set("""
    2147483647 -2147483648 4294967295 9223372036854775807 -9223372036854775808 18446744073709551615 9007199254740991
    2147483648 9223372036854775808
""")
"""The largest numbers of programs' types: what an id that did not fit became."""
_SHOWN = word_set("""
    123e4567-e89b-12d3-a456-426614174000 12345678-1234-1234-1234-123456789012 12345678-1234-5678-1234-567812345678
    550e8400-e29b-41d4-a716-446655440000 12345678-1234-1234-1234-123456789abc
""")
"""UUIDs that documents show."""
_UUID = re.compile(r"[({]?[0-9a-fx]{8}-?[0-9a-fx]{4}-?[0-9a-fx]{4}-?[0-9a-fx]{4}-?[0-9a-fx]{12}[)}]?")
_NUMBER = re.compile(
    r"[+-]?0{1,60}(?:[.,]0{0,20})?|-1(?:[.,]0{0,20})?|[+-]?\d{1,40}[.,]0{1,20}|[+-]?\d{1,40}(?:[.,]\d{1,40})?e[+-]\d{1,5}|[+-]?\d{1,40}[.,]\d{1,40}e\d{1,5}"
)
"""Nought, minus one, and what a spreadsheet makes of a long number: its digits may be others by now."""
_PLACES = ("{{", "}}", "*|", "|*", "{%", "%}", "<%", "%>", "${", "#{", "[[", "]]", "%%", "##")
"""Begin or end a template's place that nobody filled in; no id has them."""
_TEMPLATE = re.compile(
    r"%[a-z_.\- ]{1,100}%|__[a-z_]{1,100}__|[@{]\{?[!$]?[a-z_.\- ]{1,100}\}|\[[a-z_.:\- ]{1,100}\]|<[a-z_.\- ]{1,100}>|\(\([a-z_.\- ]{1,100}\)\)"
    r"|:[a-z_]{1,100}|\$[a-z_]{1,50}(?:\.[a-z_]{1,50}){0,5}|object\w{1,50}"
)
"""Such a place whole, with one bracket; and what a program shows of an object."""
_TAIL = re.compile(r"(?:.{0,499}[\W_])?(?:undefined|null|nan|none|objectobject){1,9}", re.DOTALL)
"""`user-undefined`, `https://host/contacts/null`: made of an id that was not there."""
_NOUNS = "user contact customer lead person client record account external subscriber member profile object deal company unique crm"
_ASKED = re.compile(
    rf"(?:your|insert|enter|my)(?:the|your)?(?:{'|'.join(_NOUNS.split())})?ids?(?:goes)?(?:here)?|ids?(?:goes)?here"
)
"""`YOUR_USER_ID`, `insert id here`: what a manual has in its place."""
_MIXED = re.compile(r"[0-9][a-z]|[a-z][0-9]")
_GAPS = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]+")
_QUOTES = "\"'`´‘’“”«»"
_EDGES = "()[]{}<>"
LONGEST_PLAIN = 31
"""Characters of an id that is judged at a glance: a UUID without dashes has one more."""
SHORT = 64
"""Characters of an id that is remembered: of one event each is asked for several times."""
MAX_ID = 500
"""Characters; what is longer is a text."""


def is_identifier(value: str) -> bool:
    """Whether it can be an id at all."""
    if len(value) <= LONGEST_PLAIN and value.isascii() and value.isalnum() and not value.isalpha():
        return _may_be_plain_id(value)
    return _short_ids(value) if len(value) <= SHORT else _is_id_of_any_form(value)


def _may_be_plain_id(value: str) -> bool:
    """Of digits, or of digits and letters, as most ids are: of what the rest looks for only this can be among such."""
    if value.isdigit():
        return bool(value.strip("0")) and value not in _LIMITS
    bare = value.lower()
    return bare not in _NONE and not bare.startswith("object")


def _is_id_of_any_form(value: str) -> bool:
    if len(value) > MAX_ID:
        return False
    bare = _GAPS.sub("", value).strip(_QUOTES).casefold()
    if not any(map(str.isalnum, bare)):
        return False
    if len(bare) > 16 and bare.isalnum() and _MIXED.search(bare) and len(set(bare)) > 2:
        return True  # as most ids are: nothing below is so long
    spaceless = bare.replace("_", "").replace("-", "").strip(_EDGES) if len(bare) <= 40 else bare
    if bare in _NONE or bare in _LIMITS or bare in _SHOWN or spaceless in _NONE or _ASKED.fullmatch(spaceless):
        return False
    if any(place in bare for place in _PLACES):
        return False
    return not (_is_repeated(bare) or _NUMBER.fullmatch(bare) or _TEMPLATE.fullmatch(bare) or _TAIL.fullmatch(bare))


_short_ids = lru_cache(maxsize=256)(_is_id_of_any_form)


def _is_repeated(bare: str) -> bool:
    """Noughts, or an x for each digit; of a UUID any one digit."""
    digits = set(bare) - set("-{}() ")
    return digits <= {"0"} or digits == {"x"} or (_UUID.fullmatch(bare) is not None and len(digits) == 1)


def identifier(value: JsonValue) -> str | None:
    """An id as text, None for what is none."""
    ident = text(value)
    return ident if ident is not None and is_identifier(ident) else None


def without_false_ids(parsed: Parsed) -> Parsed:
    """Without the ids that are none; the same object where all are, as nearly always."""
    if all(map(_is_real, (*parsed.references, *parsed.previous))) and _is_id(parsed.external_id):
        return parsed
    return parsed.but(
        external_id=parsed.external_id if _is_id(parsed.external_id) else None,
        references=_real(parsed.references),
        previous=_real(parsed.previous),
    )


def _is_id(value: str | None) -> bool:
    return value is None or is_identifier(value)


def _is_real(reference: Reference) -> bool:
    return is_identifier(reference.id) and _is_id(reference.account)


def _real(references: tuple[Reference, ...]) -> tuple[Reference, ...]:
    """An account that is none is not known."""
    real = (r for r in references if is_identifier(r.id))
    return tuple(r if _is_id(r.account) else r.but(account=None) for r in real)
