"""Telephone numbers as people and programs write them: with labels, extensions, two in one field, spoilt by a spreadsheet.

A number that cannot be told for sure is none: a wrong number is another person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from services.ingest.parsers.reading.plain import single_line

LONGEST = 200
"""Characters of a field that are looked at; what is longer is a text."""
MOST = 5
"""Numbers of one field."""
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d\u30fc]")
_FLOAT = re.compile(r"\+?(\d{6,17})[.,]0{1,6}")
_POWER = re.compile(r"(\d)(?:[.,](\d{1,17}))?e\+?(\d{1,2})", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3}){2,4}")
_SCHEME = re.compile(r"(?:tel|callto|whatsapp|sms|sip|phone)[:=]", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?:[ (,;./-]{0,3}(?:\b|(?<=\d))(?:"
    r"ankn(?:ytning)?|anl(?:uss)?|extension|extensi[oó]n|exten|extn|ext|xtn|x|durchwahl|dw|nebenstelle|apparat|app|klappe|kl|poste|"
    r"interne?o?|int|anexo|ramal|toestel|lokal(?:nummer)?|lok|alanumero|ala|wewn(?:ętrzny)?|wew|доб(?:авочный)?|internal|linje|linja"
    r") ?[.:=]?| ?#| ?,,| ?; ?ext=| ?;(?= ?\d{1,5}(?!\d))) ?(\d{1,7})(?!\d)\)?",
    re.IGNORECASE,
)
_WORDS = """
    tel telefon telephone telefono telefone téléphone phone ph tfn tlf telnr nr no num number nummer numero numéro mobil
    mobile mobiltelefon mob cell handy natel gsm móvil movil celular portable port arbete jobb work job office kontor büro
    bureau hem home privat private privé prive direkt direct växel vaxel switchboard zentrale fax telefax main whatsapp sms
    signal telegram call ring vx"""
_LABELS = frozenset(_WORDS.split())
"""Words beside a number that name it and are no part of it, also where they touch its digits."""
_LABEL = "|".join(sorted(_LABELS, key=len, reverse=True))
_BEFORE_LABEL = re.compile(rf"(?<=[\d)]) ?(?=\b(?:{_LABEL}|[tmfwhpd])\b)", re.IGNORECASE)
_FAX = re.compile(r" ?(?:tele)?fax\b| ?f ?:", re.IGNORECASE)
_TIMES = re.compile(
    r"\b(?:(?:kl\.?|klockan|efter|after|före|before|innan|between|mellan|zwischen|ab|nach|vor|uhr|från|from) ?){1,3}"
    r"\d{1,2}(?:[:.]\d\d)?(?: ?(?:-|och|and|to|till|bis|und) ?\d{1,2}(?:[:.]\d\d)?)?(?: ?(?:uhr|am|pm|h)\b)?",
    re.IGNORECASE,
)
"""When somebody can be reached: digits that are no part of the number."""
_BETWEEN = re.compile(
    r" ?(?:;(?! ?ext=)|\||,(?!,)| / | (?:eller|or|oder|ou|och|and|und|et|og|en|tai|ja|i|y|o|e|samt|alt\.?|respektive|resp\.?) |&) ?"
    r"|(?<=[\d)]) (?=\+)",
    re.IGNORECASE,
)
_LINES = re.compile(r"[\r\n]+")
_HIDDEN = re.compile(r"[*?_#]{2,}|[xX]{3,}")
_UNSURE = re.compile(r"/ ?\d{1,3}$|\(\d{1,4}\)$| - ?\d{1,4}$")
"""`08-123456/57` names two numbers by their last digits; `(12)` or ` - 12` at the end may be an extension."""
_RUN = re.compile(r"[+(]{0,3}\d(?:[\d ().+/-]*\d)?\)?")
_SIMPLE = re.compile(r"\+?\d[\d -]{4,20}\d")
_DIGIT = re.compile(r"[0-9]")
_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)")
"""A day where a number should stand."""
_ASIDE = re.compile(r"\([^()\d]{1,80}\)")
_BARE = re.compile(r"[\d ().+-]*", re.ASCII)
"""Nothing that names a number, parts two of them, or begins a time of day or an extension: most fields are so."""
_ALLOWED = re.compile(r"\+?[\d\s().-]+")


class Reading(NamedTuple):
    """`numbers` in E.164, with `;ext=12` where they have an extension. `doubt`: why what stands there is none, or not sure
    to be one; None where it is understood, or empty."""

    numbers: tuple[str, ...]
    doubt: str | None = None


def read_numbers(written: str | None, region: str | None) -> Reading:
    """The numbers of a field. `region` is the country, two letters, of those that have no country code."""
    return _read(shown_number(written or ""), region)


@lru_cache(maxsize=64)
def _read(line: str, region: str | None) -> Reading:
    """A number that is doubtful is asked for again, to say why. `line` is bounded by `shown_number`."""
    if _DIGIT.search(line) is None and not any(map(str.isdigit, line)):
        return Reading((), "has no digits" if line else None)
    if len(line) > LONGEST:
        return Reading((), f"is longer than {LONGEST} characters")
    if _POWER.fullmatch(line):
        return Reading((), "lost its last digits in a spreadsheet (4.67E+10); format the column as text")
    if _DATE.match(line):
        return Reading((), "is a date")
    whole = _number(line, region)
    numbers = (whole,) if whole else _several(line, region)
    if numbers:
        return Reading(numbers)
    local = region is None and any(map(_is_local, _pieces_of_line(line)))
    return Reading((), "has no country code, and no `region` is known" if local else "is no telephone number")


def normal_numbers(written: str | None, region: str | None) -> tuple[str, ...]:
    """`read_numbers` without the doubts."""
    return read_numbers(written, region).numbers


def may_be_number(written: str | None) -> bool:
    """Whether it is a number, in some country."""
    read = read_numbers(written, None)
    return bool(read.numbers) or (read.doubt or "").startswith("has no country code")


def shown_number(written: str) -> str:
    """What a person would have written: without invisible characters, `tel:` and what spreadsheets do to numbers."""
    return _clean_line(written[: 2 * LONGEST])


@lru_cache(maxsize=64)
def _clean_line(written: str) -> str:
    line = single_line(_LINES.sub("; ", written.strip()))
    if not line.isascii():
        line = _DASHES.sub("-", line)
        line = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in line)
    line = line.removeprefix("=").strip("'\"`‘’“” ")
    line = _SCHEME.sub("", line, count=1).strip() if _SCHEME.match(line) else line
    if match := _FLOAT.fullmatch(line):
        return line[: match.end(1)]
    if _THOUSANDS.fullmatch(line):
        return line.replace(",", "")
    if match := _POWER.fullmatch(line):
        digits, power = match[1] + (match[2] or ""), int(match[3])
        return digits if len(digits) == power + 1 else line
    return line


def _several(line: str, region: str | None) -> tuple[str, ...]:
    """The numbers of a field that has more than one, where each of them is understood; else ()."""
    for pieces in _divisions(line):
        if pieces == [line]:
            continue  # as a whole it is no number
        numbers = [_number(piece, region) for piece in pieces]
        known = [number for number in numbers if number is not None]
        if numbers and len(known) == len(numbers) <= MOST:
            return tuple(dict.fromkeys(known))
    return ()


def _divisions(line: str) -> Iterator[list[str]]:
    """The ways to part a field, the surest first. A single blank parts only where each part is long enough by itself."""
    pieces = _pieces_of_line(line)
    yield pieces
    if _BARE.fullmatch(line):
        yield from _by_blanks(line)
        return
    if "/" in line:
        yield [part for piece in pieces for part in piece.split("/")]
    yield _with_digits(part for piece in pieces for part in _BEFORE_LABEL.split(piece))
    yield from _by_blanks(line)


def _by_blanks(line: str) -> Iterator[list[str]]:
    words = line.split(" ")
    if len(words) > 1 and all(sum(map(str.isdigit, word)) >= 8 and _ALLOWED.fullmatch(word) for word in words):
        yield words


def _pieces_of_line(line: str) -> list[str]:
    if " +" not in line and _BARE.fullmatch(line):
        return [line] if _DIGIT.search(line) else []
    return _with_digits(_BETWEEN.split(line))


def _with_digits(pieces: Iterable[str]) -> list[str]:
    """The pieces that tell a number at which somebody answers: neither a time of day nor a fax."""
    return [p for p in pieces if _tells_number(p)]


def _tells_number(piece: str) -> bool:
    if _BARE.fullmatch(piece):
        return _DIGIT.search(piece) is not None
    return any(map(str.isdigit, _TIMES.sub(" ", piece))) and not _FAX.match(piece)


def _number(piece: str, region: str | None) -> str | None:
    """The one number in a piece; None where there is none, or more than one, or anything that may be a part of it."""
    if _SIMPLE.fullmatch(piece) and " - " not in piece:
        return _e164(_possible_number(piece, region), "")
    extension, ends, is_bare = "", [], _BARE.fullmatch(piece) is not None
    if is_bare:
        piece = _ASIDE.sub(" ", piece) if "(" in piece else piece
    else:
        piece = _ASIDE.sub(" ", _TIMES.sub(" ", piece))
        ends = [end for end in _EXTENSION.finditer(piece) if any(map(str.isdigit, piece[: end.start()]))]
    if len(ends) == 1:
        extension = f";ext={ends[0][1]}"
        piece = f"{piece[: ends[0].start()]} {piece[ends[0].end() :]}"
    runs = list(_RUN.finditer(piece))
    if len(runs) != 1 or len(ends) > 1 or _UNSURE.search(runs[0][0]):
        return None
    if not is_bare and not (_may_precede(piece[: runs[0].start()]) and _may_follow(piece[runs[0].end() :])):
        return None
    return _e164(_possible_number(runs[0][0].replace("/", " "), region), extension)


def _e164(number: phonenumbers.PhoneNumber | None, extension: str) -> str | None:
    if number is None:
        return None
    return f"{phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)}{extension}"


def _may_precede(words: str) -> bool:
    """Whether the words before a number are no part of it: letters that touch its digits may stand for digits (`O`, `l`)."""
    touching = re.search(r"([^\W\d_]{1,40})$", words)
    return _HIDDEN.search(words) is None and (touching is None or touching[1].casefold() in _LABELS)


def _may_follow(words: str) -> bool:
    """The same of the words after it, which may be its last digits in letters (`FLOWERS`, `O5`)."""
    touching = re.match(r"([^\W\d_]+)", words)
    if _HIDDEN.search(words) or (touching is not None and touching[1].casefold() not in _LABELS):
        return False
    unknown = [word for word in re.findall(r"[^\W\d_]+", words) if word.casefold() not in _LABELS]
    return all(len(word) > 2 and not word.isupper() for word in unknown)


def _possible_number(run: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    run = run.strip(" .-/")
    run = run.lstrip("( .-") if run.lstrip("( .-").startswith("+") else run
    tries = [run]
    if run.startswith("00"):
        tries.append(f"+{run[2:]}")
    if run.startswith("+0"):
        tries.append(run.removeprefix("+"))
    for attempt in tries:
        if "+" in attempt[1:]:
            continue
        try:
            number = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return number
    return None


def _is_local(line: str) -> bool:
    """A number of some country that does not say of which."""
    bare = line if _BARE.fullmatch(line) else _EXTENSION.sub(" ", line)
    return 7 <= sum(map(str.isdigit, bare)) <= 15 and len(_RUN.findall(bare)) == 1
