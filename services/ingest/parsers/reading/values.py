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
_OPENING = frozenset("{$%*<[")
"""What such a place begins with."""
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
SHORTEST_KEY = 20


def is_chat_id(value: str) -> bool:
    """The id of a person, a group or a channel in a chat, which is written like an e-mail address and is none."""
    return value.count("@") == 1 and _CHAT.fullmatch(value.strip()) is not None


def is_address(value: str) -> bool:
    """An e-mail address and nothing else."""
    return _ADDRESS.fullmatch(value) is not None and not is_chat_id(value)


def fits(fact: str, value: str) -> bool:
    """An address has an @, a number has digits and little else, a name has a letter: what does not fit is left where it was."""
    if len(value) > MAX_FACT or value in _NOTHING or not any(map(str.isalnum, value)):
        return False
    if value[0] in _OPENING and _UNFILLED.fullmatch(value):
        return False
    if fact == "email":
        return "@" in value and not is_chat_id(value)
    if fact == "phone":
        return sum(map(str.isdigit, value)) >= 5 and len(value) <= 40 and _SPLICED.search(value) is None
    if fact in ("first_name", "last_name", "full_name"):
        return len(value) <= 200 and any(map(str.isalpha, value)) and "://" not in value and not _is_thing(value)
    if fact == "company" and (_is_key(value) or (value.isdigit() and len(value) > 3)):
        return False
    return len(value) <= 200


def _is_thing(value: str) -> bool:
    return ("/" in value or "_" in value or "\\" in value) and _THING.fullmatch(value) is not None


def _is_key(value: str) -> bool:
    return len(value) >= SHORTEST_KEY and _KEY.fullmatch(value) is not None


def lines_as_object(value: str) -> dict[str, str]:
    """`first = Eli` and `last = Ode`, each on its line, as an object; {} for any other text."""
    lines = (
        [line for line in value.splitlines() if line.strip()] if " = " in value[:200] and len(value) <= MAX_FACT else []
    )
    matches = [_LINE.fullmatch(line) for line in lines[:10]]
    return {match[1]: match[2].strip() for match in matches if match} if lines and all(matches) else {}
