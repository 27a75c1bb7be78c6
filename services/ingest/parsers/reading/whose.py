"""Of several names in one object, whose is which: `user_name` goes with `user_email`, a `display_name` is fuller than a login."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.json_values import JsonValue
from services.ingest.parsers.reading.by_names import Names, names_by_label, names_of
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.tables import word_set
from services.ingest.parsers.reading.values import fits

MAX_NAMES = 500
"""Fields of one object that are looked at."""
_PEOPLE = word_set("""
    user customer client lead visitor buyer guest member attendee subscriber patient reviewer author
""")
_ADDRESS = ("_email_address", "_email", "_e_mail", "_mail")
_SHOWN = ("display_name", "real_name", "displayed_name", "formatted_name")
_BARE = ("name", "title")


def settle_names(facts: dict[str, str], used: dict[str, str], fields: Mapping[str, JsonValue], names: Names) -> None:
    """Correct in place the names among `facts`; `used` says which field each was read from, `names` are those of `fields`."""
    if facts.keys().isdisjoint(("full_name", "first_name", "last_name")):
        return
    held = _Held(fields, names if len(names) <= MAX_NAMES else names_of(fields, MAX_NAMES))
    _prefer_the_addressee(facts, used, held)
    _prefer_the_shown(facts, used, held)
    full, first = facts.get("full_name", " "), facts.get("first_name", "")
    alone = first and "last_name" not in facts and " " not in full and first.casefold() != full.casefold()
    if alone and label(used.get("full_name", "")) == "name":
        # `first_name` beside a `name` that does not have it: the name is the family's.
        facts["last_name"], used["last_name"] = facts.pop("full_name"), used.pop("full_name")


class _Held:
    """Fields by what `label` makes of their names."""

    def __init__(self, fields: Mapping[str, JsonValue], names: Names) -> None:
        self._fields, self._names = fields, names_by_label(names)

    def get(self, *labels: str) -> tuple[str, JsonValue]:
        """(name, value) of the first of these that is there; nothing where none is."""
        name = next((self._names[label] for label in labels if label in self._names), None)
        return ("", None) if name is None else (name, self._fields[name])


def _prefer_the_addressee(facts: dict[str, str], used: dict[str, str], held: _Held) -> None:
    """Whose address it is has a name of their own: a bare name, or parts of a name that share no word with it, are another's."""
    whose = _whose(label(used.get("email", "")))
    name, value = held.get(f"{whose}_name", f"{whose}_full_name")
    said = value.strip() if isinstance(value, str) else ""
    if not said or not fits("full_name", said) or (whose == "user" and " " not in said):
        return
    words = set(said.casefold().split())
    others = {
        part
        for part in ("full_name", "first_name", "last_name")
        if part in facts
        and not label(used.get(part, "")).startswith(f"{whose}_")
        and words.isdisjoint(facts[part].casefold().split())
    }
    bare = label(used.get("full_name", "")) in _BARE
    if not others or ("full_name" in others and not bare):
        return
    for part in others:
        facts.pop(part), used.pop(part, None)
    if "first_name" not in facts and "last_name" not in facts:
        facts["full_name"], used["full_name"] = said, name


def _whose(address: str) -> str:
    """`customer` of `customer_email`; "" for an address that is nobody's by its name."""
    whose = next((address.removesuffix(end) for end in _ADDRESS if address.endswith(end)), "")
    return whose if whose in _PEOPLE else ""


def _prefer_the_shown(facts: dict[str, str], used: dict[str, str], held: _Held) -> None:
    """`{name: fred, displayName: Fred Ek}`: the one word is a login."""
    if label(used.get("full_name", "")) != "name" or " " in facts.get("full_name", " "):
        return
    for shown in _SHOWN:
        name, value = held.get(shown)
        if isinstance(value, str) and " " in value.strip() and fits("full_name", value.strip()):
            facts["full_name"], used["full_name"] = value.strip(), name
            return
