"""Whether what stands in a field can be the fact that its name means: an address, a number, a name; or nothing at all."""

from __future__ import annotations

import re

MAX_FACT = 500
"""Characters; what is longer is a text that somebody wrote."""
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}\.[^@\s,;<>\".\d]{2,24}")
_NOTHING = frozenset(
    [
        "null",
        "NULL",
        "none",
        "None",
        "undefined",
        "nil",
        "NaN",
        "nan",
        "N/A",
        "n/a",
        "N.A.",
        "unknown",
        "Unknown",
        "UNKNOWN",
        "[object Object]",
        "(not set)",
    ]
)
"""What programs write where there is nothing. `Null` and `Na`, as people are called, are not among them."""
_UNFILLED = re.compile(r"\{\{.*\}\}|\{[a-z_. ]+\}|\$\{.*\}|%[A-Z_]+%|\*\|.*\|\*|<[a-z_ ]+>|\[\[.*\]\]")
"""A template's place that nobody filled in: `{{contact.name}}`, `*|FNAME|*`."""
_SPLICED = re.compile(r"\d[a-wyz]\d", re.IGNORECASE)
"""Letters between digits make an id or a time, not a telephone number (`x` is an extension)."""
_LINE = re.compile(r"[ \t]*(\w{1,20}) = ([^\r\n]{1,200})")


_CHAT = re.compile(r"[^@\s]{1,80}@(?:g\.us|c\.us|lid|s\.whatsapp\.net|newsletter|broadcast|call)", re.IGNORECASE)
_THING = re.compile(r"\S*[/\\]\S*|(?=\S*\d)\S*_\S*")
"""`owner/project`, `t3_15n8`: the name of a thing."""
_KEY = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=\S*\d\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[\w~*-]{20,}|[0-9a-f]{24}|[0-9a-f]{32}"
)
"""What a system calls a record by."""


def is_chat_id(said: str) -> bool:
    """The id of a person, a group or a channel in a chat, which is written like an e-mail address and is none."""
    return _CHAT.fullmatch(said.strip()) is not None


def is_address(said: str) -> bool:
    """An e-mail address and nothing else."""
    return _ADDRESS.fullmatch(said) is not None and not is_chat_id(said)


def fits(fact: str, said: str) -> bool:
    """An address has an @, a number has digits and little else, a name has a letter: what does not fit is left where it was."""
    if len(said) > MAX_FACT or said in _NOTHING or _UNFILLED.fullmatch(said) or not any(map(str.isalnum, said)):
        return False
    if fact == "email":
        return "@" in said and not is_chat_id(said)
    if fact == "phone":
        return sum(map(str.isdigit, said)) >= 5 and len(said) <= 40 and _SPLICED.search(said) is None
    if fact in ("first_name", "last_name", "full_name"):
        return len(said) <= 200 and any(map(str.isalpha, said)) and "://" not in said and not _THING.fullmatch(said)
    if fact == "company" and (_KEY.fullmatch(said) or (said.isdigit() and len(said) > 3)):
        return False
    return len(said) <= 200


def lines_as_object(said: str) -> dict[str, str]:
    """`first = Eli` and `last = Ode`, each on its line, as an object; {} for any other text."""
    lines = (
        [line for line in said.splitlines() if line.strip()] if " = " in said[:200] and len(said) <= MAX_FACT else []
    )
    found = [_LINE.fullmatch(line) for line in lines[:10]]
    return {match[1]: match[2].strip() for match in found if match} if lines and all(found) else {}
