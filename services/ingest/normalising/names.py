"""Digests by which the router compares names, and accounts of one system, without knowing them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from schemas.signals import Person, Reference
from services.ingest.normalising.keyed import keyed_hash
from services.ingest.parsers.reading.naming import fold
from services.ingest.parsers.reading.tables import word_set

MAX_WORDS = 8
"""Words of a name that are compared."""
_TITLES = word_set("""
    mr mrs ms miss mx dr prof herr hr frau fru froken ing dipl mag sir madam m mme mlle sr sra srta dott dhr mevr
""")
"""Words before a name that are none of it; as `fold` writes them."""


def digest(key: bytes, kind: str, brand: str, value: str) -> str:
    """HMAC-SHA256 under the deployment key, 32 hex digits: equal for equal values, tells nothing of them."""
    return keyed_hash(key, f"{kind}\0{brand}\0{value}".encode()).hexdigest()[:32]


def name_words(person: Person) -> tuple[str, ...]:
    """The words of all that is said of a name: folded, without accents and titles, each once, sorted."""
    written = " ".join(filter(None, (person.full_name, person.first_name, person.last_name)))
    words = {word for word in fold(written).split("_") if word.isalpha()}
    return tuple(sorted(words - _TITLES or words))[:MAX_WORDS]


def name_digests(words: Iterable[str], key: bytes, brand: str) -> tuple[str, ...]:
    """Each of the `name_words` as `<digest>.<digest of its initial>`; an initial alone has nothing before the point."""
    return tuple([_word(word, key, brand) for word in words])


def _word(word: str, key: bytes, brand: str) -> str:
    initial = _initial(word[0], key, brand)
    return f".{initial}" if len(word) == 1 else f"{digest(key, 'word', brand, word)[:12]}.{initial}"


@lru_cache(maxsize=128)
def _initial(letter: str, key: bytes, brand: str) -> str:
    return digest(key, "initial", brand, letter)[:6]


def account_digest(reference: Reference, key: bytes, brand: str) -> str | None:
    """16 digits for the system and 16 for the account in it; None where no account is said."""
    return None if reference.account is None else _account(reference.system, reference.account, key, brand)


@lru_cache(maxsize=64)
def _account(system: str, account: str, key: bytes, brand: str) -> str:
    """Remembered: a source's records are in few accounts."""
    whole = digest(key, "account", brand, f"{system}\0{account}")
    return f"{digest(key, 'system', brand, system)[:16]}{whole[:16]}"
