"""Languages, countries, regions, towns and postcodes as people and systems write them, and the one way in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

_LANGUAGES = """
    sv swedish svenska swe | no norwegian norsk nor nb nn nob nno | da danish dansk dan | fi finnish suomi fin
    | is icelandic islenska isl | en english engelska eng | de german deutsch tyska ger deu | fr french francais franska fre fra
    | nl dutch nederlands dut nld | es spanish espanol spanska spa | it italian italiano ita | pt portuguese portugues por
    | pl polish polski pol | cs czech cestina cze ces | et estonian eesti est | lv latvian latviesu lav
    | lt lithuanian lietuviu lit | ru russian russkij rus | uk ukrainian ukr | ar arabic ara | tr turkish turkce tur"""
_COUNTRIES = """
    SE sweden sverige schweden suede suecia svezia ruotsi zweden szwecja swe
    | NO norway norge norwegen norvege noruega norvegia norja noorwegen norwegia nor
    | DK denmark danmark danemark dinamarca danimarca tanska denemarken dania dnk
    | FI finland suomi finnland finlande finlandia fin | IS iceland island islanti islande isl
    | DE germany deutschland tyskland allemagne alemania germania saksa duitsland niemcy deu
    | FR france frankrike frankreich frankrig francia ranska frankrijk francja fra
    | NL netherlands nederland the_netherlands nederlanderna nederlandene niederlande pays_bas paises_bajos holland nld
    | BE belgium belgie belgique belgien belgia belgica bel | LU luxembourg luxemburg lux
    | AT austria osterreich osterrike ostrig autriche aut | CH switzerland schweiz suisse svizzera sveits suiza che
    | GB united_kingdom great_britain uk england scotland wales northern_ireland storbritannien storbritannia grossbritannien
      vereinigtes_konigreich royaume_uni reino_unido gbr
    | IE ireland irland irlande irlanda irl | ES spain espana spanien spania espagne spanje esp | PT portugal prt
    | IT italy italia italien italie ita | PL poland polska polen pologne pol | CZ czechia czech_republic tjeckien cesko cze
    | EE estonia eesti estland viro est | LV latvia latvija lettland lva | LT lithuania lietuva litauen ltu | SK slovakia slovensko slovakien svk
    | HU hungary magyarorszag ungern ungarn hun | RO romania rumanien rou | BG bulgaria bulgarien bgr | GR greece grekland griechenland ellada grc
    | HR croatia kroatien hrvatska hrv | SI slovenia slovenien slovenija svn | RS serbia serbien srb | UA ukraine ukraina ukr
    | MT malta mlt | CY cyprus cypern cyp | TR turkey turkiye turkiet tur | LI liechtenstein lie | FO faroe_islands faroarna fro
    | GL greenland gronland grl | AX aland aland_islands ala | RU russia ryssland rossiya rus | IL israel isr
    | US united_states united_states_of_america usa u_s_a u_s america forenta_staterna vereinigte_staaten etats_unis estados_unidos
    | CA canada kanada can | MX mexico mex | BR brazil brasil brasilien bra | AR argentina arg | CL chile chl | CO colombia col
    | AU australia australien aus | NZ new_zealand nya_zeeland nzl | IN india indien ind | CN china kina chn | JP japan jpn
    | KR south_korea korea republic_of_korea kor | SG singapore sgp | HK hong_kong hkg | TW taiwan twn
    | AE united_arab_emirates uae are | SA saudi_arabia sau | ZA south_africa sydafrika zaf | EG egypt egy | NG nigeria nga | KE kenya ken"""
SHORT = 60
"""Characters of what is remembered: names of countries, regions and languages are few and come again."""
_GAPS = re.compile(r"[\W_]+")
_PREFIX = re.compile(r"^[A-Z]{1,2}[- ]\s*(?=\d)|^(?:SE|FI|DK|NO|LV|LT|EE)(?=\d)")
_POSTCODE = re.compile(r"[A-Z0-9]{2,7}")
_SPREADSHEET = re.compile(r"(\d{3,6})\.0+")
"""A postcode that went through a sheet of numbers."""
_CODE_AND_TOWN = re.compile(
    r"(?P<code>(?:[A-Z]{1,2}[- ]?)?(?:\d{3}[ \u00a0]\d{2}|\d{4}[ \u00a0]?[A-Z]{2}(?=[ \u00a0,])|\d{2}-\d{3}|\d{5}-\d{4}|\d{4,6}|"
    r"[A-Z]{1,2}\d[A-Z\d]?[ \u00a0]\d[A-Z]{2}))[ \u00a0,]+(?P<town>[^\W\d_][^\d,;/@]{1,60})",
    re.IGNORECASE,
)
"""`211 20 Malmö`, `SE-211 20 Malmö`, `1012 AB Amsterdam`, `00-950 Warszawa`, `10115 Berlin`, `SW1A 1AA London`."""
_TOWN_AND_CODE = re.compile(
    r"(?P<town>[^\W\d_][^\d,;/@]{1,60}?)[ \u00a0,]+(?:[A-Z]{2}[ \u00a0]+)?(?P<code>\d{3}[ \u00a0]\d{2}|\d{5}(?:-\d{4})?|"
    r"[A-Z]{1,2}\d[A-Z\d]?[ \u00a0]\d[A-Z]{2})"
)
"""`Malmö 211 20`, `New York, NY 10001`, `London SW1A 1AA`."""
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "œ": "oe"})
_PARTS_OF_COUNTRIES = """
    region regionen lan lanet county countys landskap fylke fylket fylkeskommune kommune kommun municipality maakunta province
    provincia provincie provinz provins state departement department bundesland land kanton canton comunidad_de of de i"""
_REGION_WORDS = frozenset(_PARTS_OF_COUNTRIES.split())
"""Words that say what a part of a country is, and not which."""
_TOWNS = "kommun kommune kommuna municipality stad by kaupunki city town of"
_TOWN_WORDS = frozenset(_TOWNS.split())
_GENITIVE = frozenset(["lan", "lanet", "kommun", "stad", "fylke"])
"""After these Swedish and Norwegian words the name stands in the genitive: `Hallands län` is Halland."""
_CODES = """
    SE-AB stockholm | SE-C uppsala | SE-D sodermanland | SE-E ostergotland | SE-F jonkoping | SE-G kronoberg | SE-H kalmar | SE-I gotland
    | SE-K blekinge | SE-M skane | SE-N halland | SE-O vastra_gotaland | SE-S varmland | SE-T orebro | SE-U vastmanland | SE-W dalarna
    | SE-X gavleborg | SE-Y vasternorrland | SE-Z jamtland | SE-AC vasterbotten | SE-BD norrbotten
    | NO-03 oslo | NO-11 rogaland | NO-15 more_og_romsdal | NO-18 nordland | NO-31 ostfold | NO-32 akershus | NO-33 buskerud
    | NO-34 innlandet | NO-39 vestfold | NO-40 telemark | NO-42 agder | NO-46 vestland | NO-50 trondelag | NO-55 troms | NO-56 finnmark
    | DK-81 nordjylland | DK-82 midtjylland | DK-83 syddanmark | DK-84 hovedstaden | DK-85 sjaelland
    | DE-BW baden_wurttemberg | DE-BY bayern | DE-BE berlin | DE-BB brandenburg | DE-HB bremen | DE-HH hamburg | DE-HE hessen
    | DE-MV mecklenburg_vorpommern | DE-NI niedersachsen | DE-NW nordrhein_westfalen | DE-RP rheinland_pfalz | DE-SL saarland
    | DE-SN sachsen | DE-ST sachsen_anhalt | DE-SH schleswig_holstein | DE-TH thuringen
    | US-AL alabama | US-AK alaska | US-AZ arizona | US-AR arkansas | US-CA california | US-CO colorado | US-CT connecticut
    | US-DE delaware | US-DC district_of_columbia | US-FL florida | US-GA georgia | US-HI hawaii | US-ID idaho | US-IL illinois
    | US-IN indiana | US-IA iowa | US-KS kansas | US-KY kentucky | US-LA louisiana | US-ME maine | US-MD maryland
    | US-MA massachusetts | US-MI michigan | US-MN minnesota | US-MS mississippi | US-MO missouri | US-MT montana | US-NE nebraska
    | US-NV nevada | US-NH new_hampshire | US-NJ new_jersey | US-NM new_mexico | US-NY new_york | US-NC north_carolina
    | US-ND north_dakota | US-OH ohio | US-OK oklahoma | US-OR oregon | US-PA pennsylvania | US-RI rhode_island | US-SC south_carolina
    | US-SD south_dakota | US-TN tennessee | US-TX texas | US-UT utah | US-VT vermont | US-VA virginia | US-WA washington
    | US-WV west_virginia | US-WI wisconsin | US-WY wyoming"""
"""Parts of countries by their code (ISO 3166-2), and their names as they are compared."""


def _table(rows: str) -> Mapping[str, str]:
    return MappingProxyType({word: row.split()[0] for row in rows.split("|") for word in row.split()[1:]})


_LANGUAGE_OF, _COUNTRY_OF = _table(_LANGUAGES), _table(_COUNTRIES)
_REGION_OF = MappingProxyType({row.split()[0]: row.split()[1] for row in _CODES.split("|")})
_OWN_CODES = MappingProxyType({code.partition("-")[2]: name for code, name in _REGION_OF.items() if code[:2] == "US"})
"""The states of one country are written by their two letters alone; elsewhere a letter says nothing."""


def _plain(text: str) -> str:
    return _short_names(text) if len(text) <= SHORT else _fold(text)


def _fold(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    if bare.isascii():
        return _GAPS.sub("_", bare).strip("_")
    return _GAPS.sub("_", "".join(c for c in bare if not unicodedata.combining(c))).strip("_")


_short_names = lru_cache(maxsize=512)(_fold)


def language_code(text: str | None) -> str | None:
    """Two letters (ISO 639-1): `sv` for `sv-SE`, `sv_SE`, `Swedish` or `svenska`. None for what is no language we know of.

    The two written forms of Norwegian are `no`: who speaks one reads the other.
    """
    if text is None:
        return None
    name = _plain(text)
    first = name.partition("_")[0]
    if code := _LANGUAGE_OF.get(name) or _LANGUAGE_OF.get(first):
        return code
    return first if len(first) == 2 and first.isascii() and first.isalpha() else None


def country_code(text: str | None) -> str | None:
    """Two letters (ISO 3166-1): `SE` for `se`, `SWE`, `Sweden` or `Sverige`. What is neither is not guessed at."""
    if text is None:
        return None
    name = _plain(text)
    if code := _COUNTRY_OF.get(name):
        return code
    return name.upper() if len(name) == 2 and name.isascii() and name.isalpha() else None


def region_key(text: str | None, country: str | None = None) -> str | None:
    """The name by which parts of a country are compared: `skane` for `Skåne`, `Skane`, `Skåne län`, `Region Skåne` or `SE-M`.

    `country` (ISO 3166-1) lets the bare code of a US state be understood. None for what holds nothing.
    """
    if text is None:
        return None
    code = text.strip().upper()
    if key := _REGION_OF.get(code.replace("_", "-").replace(" ", "-")):
        return key
    if country == "US" and (key := _OWN_CODES.get(code)):
        return key
    return _without(_plain(text).removesuffix("sregionen"), _REGION_WORDS)


def city_key(text: str | None) -> str | None:
    """The name by which towns are compared: `malmo` for `Malmö`, `MALMO` or `Malmö stad`. None for what holds nothing."""
    return None if text is None else _without(_plain(text), _TOWN_WORDS)


def word_key(text: str | None) -> str | None:
    """The name by which industries are compared: without case, accents and gaps. None for what holds nothing."""
    return (_plain(text) or None) if text is not None else None


def _without(name: str, generic: frozenset[str]) -> str | None:
    """The words that tell which one it is; where all are generic (`Land`), all of them."""
    words = name.split("_")
    kept = [word for word in words if word not in generic]
    if (
        kept
        and len(kept) < len(words)
        and len(kept[-1]) > 3
        and kept[-1].endswith("s")
        and not _GENITIVE.isdisjoint(words)
    ):
        kept[-1] = kept[-1][:-1]
    return "_".join(kept or words) or None


def post_code(text: str | None) -> str | None:
    """Capitals and digits without gaps, so that prefixes can be compared: `21120` for `211 20`, `SE-211 20` or `211 20 Malmö`.
    None for what cannot be one, such as a telephone number."""
    if text is None:
        return None
    if (bare := _bare_code(text)) is not None:
        return bare
    match = _CODE_AND_TOWN.fullmatch(text.strip()) or _TOWN_AND_CODE.fullmatch(text.strip())
    return _bare_code(match["code"]) if match else None


def _bare_code(text: str) -> str | None:
    code = text.strip().upper().replace("\u00a0", " ")
    if whole := _SPREADSHEET.fullmatch(code):
        code = whole[1]
    code = _PREFIX.sub("", code)
    code = code.partition("-")[0] if re.fullmatch(r"\d{5}-\d{4}", code) else code
    bare = code.replace(" ", "").replace("-", "")
    return bare if _POSTCODE.fullmatch(bare) and any(c.isdigit() for c in bare) else None


def town_of(text: str | None) -> str | None:
    """The town of a line that holds the postcode too: `Malmö` of `211 20 Malmö`, `SE-211 20 Malmö` or `Malmö 211 20`. None where
    it is no such line."""
    match = None if text is None else _CODE_AND_TOWN.fullmatch(text.strip()) or _TOWN_AND_CODE.fullmatch(text.strip())
    return match["town"].strip() if match else None


def country_of_code(text: str | None) -> str | None:
    """The country that stands before a postcode: `SE` of `SE-211 20`. None where none does."""
    match = re.match(r"([A-Za-z]{2})-\s?\d", text.lstrip()) if text is not None else None
    return match[1].upper() if match and match[1].upper() in _COUNTRIES_KNOWN else None


_COUNTRIES_KNOWN = frozenset(_COUNTRY_OF.values())
