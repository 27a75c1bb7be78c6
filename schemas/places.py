"""Languages, countries and postcodes as people and systems write them, and the one way in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_LANGUAGES = """
    sv swedish svenska swe | no norwegian norsk nor nb nn nob nno | da danish dansk dan | fi finnish suomi fin
    | is icelandic islenska isl | en english engelska eng | de german deutsch tyska ger deu | fr french francais franska fre fra
    | nl dutch nederlands dut nld | es spanish espanol spanska spa | it italian italiano ita | pt portuguese portugues por
    | pl polish polski pol | cs czech cestina cze ces | et estonian eesti est | lv latvian latviesu lav
    | lt lithuanian lietuviu lit | ru russian russkij rus | uk ukrainian ukr | ar arabic ara | tr turkish turkce tur"""
_COUNTRIES = """
    SE sweden sverige swe | NO norway norge nor | DK denmark danmark dnk | FI finland suomi fin | IS iceland island isl
    | DE germany deutschland tyskland deu | FR france frankrike fra | NL netherlands nederland the_netherlands nld
    | BE belgium belgie belgique bel | LU luxembourg lux | AT austria osterreich aut | CH switzerland schweiz suisse che
    | GB united_kingdom great_britain uk england gbr | IE ireland irl | ES spain espana esp | PT portugal prt | IT italy italia ita
    | PL poland polska pol | CZ czechia czech_republic cze | EE estonia eesti est | LV latvia latvija lva
    | LT lithuania lietuva ltu | US united_states united_states_of_america usa | CA canada can"""
_GAPS = re.compile(r"[\W_]+")
_PREFIX = re.compile(r"^[A-Z]{1,2}[- ](?=\d)")
_POSTCODE = re.compile(r"[A-Z0-9]{2,7}")


def _table(rows: str) -> Mapping[str, str]:
    return MappingProxyType({word: row.split()[0] for row in rows.split("|") for word in row.split()[1:]})


_LANGUAGE_OF, _COUNTRY_OF = _table(_LANGUAGES), _table(_COUNTRIES)


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold())
    return _GAPS.sub("_", "".join(c for c in bare if not unicodedata.combining(c))).strip("_")


def language_code(text: str | None) -> str | None:
    """Two letters (ISO 639-1): `sv` for `sv-SE`, `sv_SE`, `Swedish` or `svenska`. None for what is no language we know of.

    The two written forms of Norwegian are `no`: who speaks one reads the other.
    """
    if text is None:
        return None
    said = _plain(text)
    first = said.partition("_")[0]
    if known := _LANGUAGE_OF.get(said) or _LANGUAGE_OF.get(first):
        return known
    return first if len(first) == 2 and first.isascii() and first.isalpha() else None


def country_code(text: str | None) -> str | None:
    """Two letters (ISO 3166-1): `SE` for `se`, `SWE`, `Sweden` or `Sverige`. What is neither is not guessed at."""
    if text is None:
        return None
    said = _plain(text)
    if known := _COUNTRY_OF.get(said):
        return known
    return said.upper() if len(said) == 2 and said.isascii() and said.isalpha() else None


def post_code(text: str | None) -> str | None:
    """Capitals and digits without gaps, so that prefixes can be compared: `21120` for `211 20` or `SE-211 20`. None for
    what cannot be one, such as a telephone number."""
    if text is None:
        return None
    said = _PREFIX.sub("", text.strip().upper())
    said = said.partition("-")[0] if re.fullmatch(r"\d{5}-\d{4}", said) else said
    bare = said.replace(" ", "").replace("-", "").replace("\u00a0", "")
    return bare if _POSTCODE.fullmatch(bare) and any(c.isdigit() for c in bare) else None
