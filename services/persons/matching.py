"""Whether a body or a record is of somebody who is erased: by their identities, their keys on the log, or by their own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_plus

import msgspec

from routing.model.links import Key
from schemas.json_values import JsonValue
from schemas.signals import PERSONAL_FIELDS, IdentityKind
from services.ports.rows import PersonRequest

NAMING: frozenset[IdentityKind] = frozenset({"email", "person", "phone"})
"""Kinds of identities that name a person for sure."""
_DIGITS, _ESCAPE = re.compile(r"\D+"), re.compile(r"\\u([0-9a-fA-F]{4})")
STRUCK = "[erased]"
FEWEST_DIGITS, MOST_DIGITS = 7, 9
"""Of a number the last ones are compared: the country's code may be written or not."""


class Wanted(NamedTuple):
    """One erasure with what it looks for. `digests` are of identities that name the person; `keys` all that they had, by which records
    on the log are found."""

    request: PersonRequest
    digests: frozenset[str] = frozenset()
    keys: tuple[Key, ...] = ()
    partition_key: str = ""
    words: tuple[str, ...] = ()


def wanted_of(request: PersonRequest) -> Wanted:
    """What the request's personal part says."""
    looked_for = json.loads(request.personal or "{}")
    keys = tuple((key[0], key[1], key[2]) for key in looked_for.get("keys", ()))
    return Wanted(
        request=request,
        digests=frozenset(digest for _, kind, digest in keys if kind in NAMING),
        keys=keys,
        partition_key=looked_for.get("partition_key", ""),
        words=tuple(looked_for.get("words", ())),
    )


def is_told_of(wanted: Wanted, facts: str) -> bool:
    """Whether a signal with these facts names the person."""
    named = json.loads(facts).get("identities") or ()
    return any(identity.get("digest") in wanted.digests for identity in named)


class Text(NamedTuple):
    """A body as its words are looked for: folded, with escapes undone, and its digits alone."""

    folded: str
    digits: str

    @classmethod
    def of(cls, body: bytes) -> Text:
        written = body.decode("utf-8", "replace")
        plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), written)
        folded = "\n".join(dict.fromkeys(text.casefold() for text in (written, plain, unquote_plus(plain))))
        return cls(folded, _DIGITS.sub("", unquote_plus(written)))


def holds_words(wanted: Wanted, text: Text) -> bool:
    """An address or a number of theirs; their whole name only where no address stands in it: it may be a namesake's."""
    for word in wanted.words:
        if "@" in word:
            if word.casefold() in text.folded:
                return True
        elif not any(letter.isalpha() for letter in word):
            digits = _DIGITS.sub("", word)[-MOST_DIGITS:]
            if len(digits) >= FEWEST_DIGITS and digits in text.digits:
                return True
        elif "@" not in text.folded and re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text.folded):
            return True
    return False


def strike_words(wanted: Wanted, body: str) -> str:
    """A JSON text of ours without the person's words, in whatever case they are written."""
    for word in wanted.words:
        written = json.dumps(word, ensure_ascii=False)[1:-1]
        body = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", STRUCK, body, flags=re.IGNORECASE)
    return body


def without_personal(record: bytes) -> bytes | None:
    """A record of the log without its personal part: a signal, or an event. None where there is nothing to take out, or it is none."""
    try:
        members: JsonValue = msgspec.json.decode(record)
    except msgspec.DecodeError:
        return None
    if not isinstance(members, dict):
        return None
    data = members.get("data")
    if isinstance(data, dict) and "specversion" in members:
        if data.get("personal") is None:
            return None
        return msgspec.json.encode({**members, "data": {**data, "personal": None}})
    kept = {name: value for name, value in members.items() if name not in PERSONAL_FIELDS}
    return msgspec.json.encode(kept) if len(kept) < len(members) else None


def first_of(wanted: Iterable[Wanted], facts: str) -> Wanted | None:
    """The first of these that the facts name."""
    return next((one for one in wanted if is_told_of(one, facts)), None)
