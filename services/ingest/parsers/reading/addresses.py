"""E-mail addresses as people and programs write them: with a name, in brackets, after `mailto:`, several in one field."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from urllib.parse import unquote

from email_validator import EmailNotValidError, validate_email

from services.ingest.parsers.reading.plain import single_line
from services.ingest.parsers.reading.values import is_chat_id

SHORT = 100
"""Characters of what is remembered: of one event its address is asked for several times."""
LONGEST = 2000
"""Characters of a field that are looked at; an address has 254 at most."""
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
_AT = re.compile(r" ?[(\[{] ?(?:at|a|@|snabel-?a|ät) ?[)\]}] ?", re.IGNORECASE)
_DOT = re.compile(r" ?[(\[{] ?(?:dot|punkt|point|punto|\.) ?[)\]}] ?", re.IGNORECASE)
"""As people write an address to hide it from programs; only in brackets, for `at` is a word."""
_AROUND = re.compile(r" ?@ ?")
_MAILTO = re.compile(r"mailto:([^\s<>\"'?]{0,500})(?:\?[^\s<>\"')\]]{0,1000})?", re.IGNORECASE)
_CANDIDATE = re.compile(r"[^\s<>()\[\]{},;:|\\\"/?&=@]{1,64}@[^\s<>()\[\]{},;:|\\\"/?&=@]{1,254}")
_NAMED = re.compile(r"([^<>@]{0,200})<\s?((?:mailto:)?[^\s<>@]{1,80}@[^\s<>]{1,254})\s?>")
_GAP = re.compile(r"(@[^\s@]+) \.(?=[a-z])", re.IGNORECASE)
"""`anna@firm .example`: a slip of the thumb."""
_BROKEN = re.compile(r"[a-z0-9._-]+ [a-z0-9._+-]+@\S+")
"""`anna ek@firm.example` has lost a dot or a dash: what is left of it would be the address of another."""
_QUOTES = "'\"`´‘’“”«» "
_ENDS = " .,;:!?'\"`´‘’“”«»*_"


def _is_plain(written: str) -> bool:
    """An address and nothing else, in the form in which equal ones are equal: as most are that programs send."""
    return _short_plain(written) if len(written) <= SHORT else _looks_plain(written)


def _looks_plain(written: str) -> bool:
    return _PLAIN.fullmatch(written) is not None and ".." not in written and not is_chat_id(written)


_short_plain = lru_cache(maxsize=64)(_looks_plain)


def addresses_in(written: str) -> tuple[str, ...]:
    """Every address in what stands in a field for one, in its order and as written, each once; () where there is none."""
    if _is_plain(written):
        return (written,)
    line = single_line(written[:LONGEST]).removeprefix("=").strip(_QUOTES)
    if _normal(line) is not None:
        return (line,)
    line = _without_wrapping(line)
    if _normal(line) is not None:
        return (line,)
    if _BROKEN.fullmatch(line):
        return ()
    found: dict[str, str] = {}
    for candidate in _CANDIDATE.findall(line):
        address = candidate.strip(_ENDS)
        if (normal := _normal(address)) is not None:
            found.setdefault(normal, address)
    return tuple(found.values())


def named_address(written: str) -> tuple[str | None, str]:
    """(the name, the address) of `Name <address>`; (None, the whole) of anything else."""
    match = _NAMED.fullmatch(single_line(written[:LONGEST]))
    if match is None:
        return None, written
    name = match[1].strip(_QUOTES)
    return (name if name and "@" not in name else None), match[2]


def normal_address(written: str | None) -> str | None:
    """The first address in a field, in the form in which equal ones are equal; None where there is none."""
    if written is None or _is_plain(written):
        return written
    addresses = addresses_in(written)
    return _normal(addresses[0]) if addresses else None


def _without_wrapping(line: str) -> str:
    if "&" in line:
        line = html.unescape(line)
    line = _MAILTO.sub(lambda match: f" {unquote(match[1])} ", line)
    if "@" not in line and "%40" in line:
        line = unquote(line)
    if "@" not in line or "(@)" in line:
        line = _DOT.sub(".", _AT.sub("@", line))
    return _GAP.sub(r"\1.", _AROUND.sub("@", line)).strip(_ENDS)


def _normal(address: str) -> str | None:
    folded = address.casefold()
    if is_chat_id(folded):
        return None
    if _PLAIN.fullmatch(folded) and ".." not in folded:
        return folded
    if "@" not in folded or len(folded) > 320:
        return None
    try:
        valid = validate_email(folded, check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{valid.local_part}@{valid.ascii_domain or valid.domain}".casefold()
