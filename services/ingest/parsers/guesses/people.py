"""Who among a body's objects the lead is, and which company they are at."""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.json_values import JsonValue
from services.ingest.parsers.guesses.contact_points import point_of
from services.ingest.parsers.guesses.tree import THINGS, Node, flat
from services.ingest.parsers.reading.by_names import Names, cache_by_names, label_set, labels
from services.ingest.parsers.reading.naming import label, meaning
from services.ingest.parsers.reading.safely import read_person, text
from services.ingest.parsers.reading.tables import word_set, words
from services.ingest.parsers.reading.values import fits


def person_in(objects: list[Node]) -> tuple[dict[str, str], Node | None]:
    """(facts by our names, the object that tells most of them). A person is one object; what wrappers around it and a
    form's answers say is added where it does not speak of another address."""
    candidates = [(node, theirs) for node in objects if node.weight >= 0 and (theirs := node.ask(person_of))]
    if not any(theirs.keys() & _REACH for _, theirs in candidates):
        # An order or a booking that has an address has its buyer's; a form that is all there is, is one that was filled in.
        alone = len(objects[0].raw) == 1
        filled = (
            node
            for node in objects
            if node.weight == -1 and node.path[-1] in _FILLED and (alone or not _is_a_questionnaire(node))
        )
        candidates += [(node, theirs) for node in filled if (theirs := node.ask(person_of)).keys() & _REACH]
    facts: dict[str, str] = {}
    chosen: Node | None = None
    if any(node.weight in (0, 50) and "email" in theirs for node, theirs in candidates):
        # Whoever filled it in says so; a `user` beside them is the account in which it was kept.
        candidates = [
            (node, theirs)
            for node, theirs in candidates
            if node.weight != 10 or theirs.get("email") in (None, _email_of(candidates))
        ]
    reached = any("email" in theirs for node, theirs in candidates if not _is_a_place(node))
    for node, theirs in sorted(candidates, key=lambda one: _rank(one, reached), reverse=True):
        if chosen is None:
            chosen, facts = node, dict(theirs)
        elif _same(facts, theirs, node, chosen):
            facts = {**theirs, **facts}
    if chosen is not None and not facts.keys() & _NAMES:
        facts |= _name_among_answers(objects, chosen)
    full, last = facts.get("full_name", ""), facts.get("last_name", "")
    if full and last and "first_name" not in facts and " " not in full and last not in full:
        # A short name in one object and the family name among further answers.
        facts["first_name"] = facts.pop("full_name")
    return facts, chosen


_ANSWERS = words("""
    fields custom_fields merge_fields variables form_data answers personal_info profile_fields
""")


_STEP = re.compile(r"(?:step|page|section|screen|part|steg|sida|schritt|seite|etape|paso|stap|vaihe|trin)_?\d{1,3}")
"""Parts of a form that is filled in one after the other."""


def _name_among_answers(objects: list[Node], chosen: Node) -> dict[str, str]:
    """`{email, fields: {name}}`: a bare name among the further answers of somebody who has none."""
    for node in objects:
        if not node.path or node is chosen:
            continue
        step = node.path[:-1] == chosen.path[:-1] and _STEP.fullmatch(node.path[-1]) is not None
        if node.path[:-1] != chosen.path and not step:
            continue
        if step or node.path[-1].removesuffix("()") in _ANSWERS or node.path[-1].endswith("_form_data"):
            facts = facts_of(node)
            if facts.keys() & _NAMES and "email" not in facts:
                return {name: facts[name] for name in _NAMES if name in facts}
    return {}


def _email_of(candidates: list[tuple[Node, dict[str, str]]]) -> str | None:
    """The address that stands with the answers themselves."""
    return next((facts["email"] for node, facts in candidates if node.weight in (0, 50) and "email" in facts), None)


def _is_a_questionnaire(node: Node) -> bool:
    """A form that has an id or a title is what was filled in; its address is that of whoever made it."""
    named = {label(str(key)) for key in node.fields} & {"id", "title", "form_id", "form_name"}
    return bool(named) and node.path[-1] in ("form", "survey", "quiz", "questionnaire")


def read_of(node: Node) -> tuple[dict[str, str], frozenset[str]]:
    """(our facts among the fields of one object, names of the fields that told them)."""
    return read_person(node.fields)


def facts_of(node: Node) -> dict[str, str]:
    """Our facts among the fields of one object."""
    return node.ask(read_of)[0]


def person_of(node: Node) -> dict[str, str]:
    """The person's facts of one object. A bare `name` counts beside an address or a number, or where the object is a person's."""
    if node.ask(is_firm):
        return {}
    facts = dict(facts_of(node))
    somebody = node.weight >= 10
    shown = _as_a_person_writes(node, facts) if somebody or facts.keys() & {"email", *_NAMES} else {}
    if somebody and not facts.keys() & _REACH:
        shown |= point_of(node.raw)
    for name in ("external_id", "domain"):
        facts.pop(name, None)
    if "full_name" in facts and not _is_a_name(node, facts):
        facts.pop("full_name")
    facts = {**shown, **facts}
    return facts if facts.keys() & {"email", "phone", *_NAMES} else {}


def _is_a_name(node: Node, facts: dict[str, str]) -> bool:
    """Whether the `full_name` that was read is a person's."""
    if _is_program(node, facts["full_name"]):
        return False
    # A `client` is a person or a program.
    named = (node.weight >= 50 and node.path[-1] != "client") or (node.path and node.path[-1].endswith("()"))
    if named or facts.keys() & {"email", "phone", "first_name", "last_name"}:
        return True
    bare = ("name", "nome", "navn", "naam", "display_name")
    sure = any((meaning(n) or ("", 0))[0] == "full_name" and label(n) not in bare for n in node.fields)
    return sure and node.path[-1:] != ("client",) and not set(node.path) & THINGS


def _as_a_person_writes(node: Node, facts: dict[str, str]) -> dict[str, str]:
    """Of somebody in a call, a chat or a meeting: the name that is shown or has its parts, the number in full."""
    written: dict[str, str] = {}
    for key, name in _shown_names(node.names):
        shown = text(node.fields[key]) or ""
        if name == "number" and shown.startswith("+") and "phone" not in facts and fits("phone", shown):
            written["phone"] = shown
        if name in ("first", "last") and f"{name}_name" not in facts and fits("first_name", shown):
            written[f"{name}_name"] = shown
        if (
            (name in _SHOWN or (name == "user_name" and node.weight >= 10))
            and not facts.keys() & _NAMES
            and fits("full_name", shown)
            and _is_shown(name, shown)
        ):
            written["full_name"] = shown
    return written


_SHOWN = ("username", "nickname", "nick")


@cache_by_names
def _shown_names(names: Names) -> tuple[tuple[str, str], ...]:
    """(name, as `label` writes it) of those that `_as_a_person_writes` looks at."""
    wanted = frozenset(["number", "first", "last", "user_name", *_SHOWN])
    return tuple((name, plain) for name, plain in zip(names, labels(names), strict=True) if plain in wanted)


def _is_shown(name: str, shown: str) -> bool:
    """What somebody calls themselves: words, or the one word that a visitor of a chat gave; the name of a login is none."""
    return " " in shown or (name in ("nickname", "nick") and shown.isalpha() and shown[0].isupper())


_REACH = frozenset(["email", "phone"])
_NAMES = frozenset(["first_name", "last_name", "full_name"])
_FILLED = word_set("""
    form order booking appointment meeting ticket conversation deal opportunity invoice payment subscription session
    task quiz survey inquiry request questionnaire
""")
"""Things that are about one person, and may have their facts without an object of their own."""
_FIRMS = word_set("""
    industry employees employee_count employees_count number_of_employees annual_revenue org_number
""")
"""What only companies have."""


def is_firm(node: Node) -> bool:
    """An object that is a company: it has a name and no address of somebody's, and says so, has people of its own, or is a
    `lead` or a `customer` with an industry."""
    if "name" not in label_set(node.names):
        return False
    names = {plain for key, plain in _telling(node.names) if text(node.fields[key])}
    if "name" not in names or not names.isdisjoint(("email", *_NAMES)):
        return False
    if _says_firm(node) or _has_contacts(node):
        return True
    return node.path[-1:] in (("lead",), ("customer",), ("client",), ("prospect",)) and not names.isdisjoint(_FIRMS)


@cache_by_names
def _telling(names: Names) -> tuple[tuple[str, str], ...]:
    """(name, as `label` writes it) of those by which a company is told from a person."""
    wanted = frozenset(["name", "email", *_NAMES, *_FIRMS])
    return tuple((name, plain) for name, plain in zip(names, labels(names), strict=True) if plain in wanted)


_SORTS = words("""
    object_type object entity_type record_type object_name client_type contact_type customer_type type
""")
_COMPANY = frozenset(["company", "organization", "organisation", "account", "business"])


def _says_firm(node: Node) -> bool:
    """`_objectType: Account`, `object: company`: the record itself says that it is a company's."""
    words = {plain: label(text(node.fields[key]) or "") for key, plain in _sorts_in(node.names)}
    return any(word in _COMPANY for word in words.values())


@cache_by_names
def _sorts_in(names: Names) -> tuple[tuple[str, str], ...]:
    """(name, as `label` writes it) of those that say of what sort a record is."""
    return tuple((name, plain) for name, plain in zip(names, labels(names), strict=True) if plain in _SORTS)


def _has_contacts(node: Node) -> bool:
    """A client that has people of its own."""
    if node.path[-1:] not in (("client",), ("account",), ("customer",)):
        return False
    held = {label(str(key)): value for key, value in node.raw.items()}
    return any(isinstance(held.get(name), dict | list) and held[name] for name in ("contact", "contacts", "people"))


def _is_program(node: Node, name: str) -> bool:
    """`client-name: Chrome` beside the client's system."""
    if _BESIDE_PROGRAMS.isdisjoint(label_set(node.names)):
        return False
    return {label(key) for key, value in node.fields.items() if value == name} <= {"client_name"}


_BESIDE_PROGRAMS = frozenset(["client_os", "client_type", "user_agent"])


def _is_a_place(node: Node) -> bool:
    """Where a parcel or a bill goes: whoever ordered is nearer."""
    return node.path[-1:] == ("billing",) or bool(node.path and node.path[-1].endswith("_address"))


def _rank(candidate: tuple[Node, dict[str, str]], reached: bool) -> tuple[int, int, int]:
    """`reached`: an object that is no place has an address of somebody."""
    node, facts = candidate
    worth = (
        4 * ("email" in facts) + 2 * ("phone" in facts) + len(facts.keys() & {"first_name", "last_name", "full_name"})
    )
    # An object under a key that says nothing is no nearer to the lead than what is around it.
    weight = 1 if node.weight == 0 else node.weight
    if reached and _is_a_place(node):
        weight, worth = 1, worth - 4 * ("email" in facts)
    return (weight if worth else -1, worth, -node.depth)


def _same(facts: dict[str, str], theirs: dict[str, str], node: Node, chosen: Node) -> bool:
    """Weak objects and other people are somebody else, unless the address is the same."""
    if "email" in theirs and "email" in facts:
        return theirs["email"].casefold() == facts["email"].casefold()
    if _is_another(theirs, facts):
        return False
    return node.weight in (0, 1, 50) or (node.weight == 100 and node.path[:-1] == chosen.path)


_TRACKED = frozenset(["trackingnum", "tracking_number", "tracking_phone_number"])
_OF_TRACKED = frozenset(["company", "company_name", "account", "account_name"])
"""Where a call is told by the advertised number that was rung, the company is the number's owner: us."""


def _employs(node: Node, person: Node | None) -> bool:
    """A `client` inside somebody's own object is the company that they are at."""
    if person is None or node.path != (*person.path, "client"):
        return False
    return not {(meaning(str(key)) or ("", 0))[0] for key in node.fields} & {
        "email",
        "phone",
        "first_name",
        "last_name",
    }


def _is_another(theirs: dict[str, str], facts: dict[str, str]) -> bool:
    """Names that cannot be one person's: the one a parcel goes to is not who ordered it. A given name here and a family
    name there can."""
    for part in ("first_name", "last_name"):
        if part in theirs and part in facts and theirs[part].casefold() != facts[part].casefold():
            return True
    for one, other in ((theirs, facts), (facts, theirs)):
        whole = set(one.get("full_name", "").casefold().split())
        words = {word for name in _NAMES for word in other.get(name, "").casefold().split()}
        if len(whole) > 1 and not words <= whole and not whole <= words:
            return True
        if whole and {"first_name", "last_name"} <= other.keys() and whole.isdisjoint(words):
            # The one word is a company's name, or a thing's.
            return True
    return False


_OF_OURS = frozenset(
    ["conversation", "workspace", "contact_group", "inbox", "channel", "team", "chat", "mailbox", "rule"]
)
"""Whose organization is whoever keeps them: us."""


def firm_in(objects: list[Node], person: Node | None, ours: bool = False) -> Node | None:
    """A company's object that has its name. `ours`: the body's own `account` is ours."""
    for node in objects:
        if (ours and node.path == ("account",)) or not _OF_OURS.isdisjoint(node.path[-2:-1]):
            continue
        if (node.weight == -2 or node.ask(is_firm) or _employs(node, person)) and _name_of(node):
            return node
    return None


def names_beside(row: Mapping[str, JsonValue], address: str) -> dict[str, str]:
    """The names in the object of somebody whose address is known: their first and last name, or both in one."""
    if len(row) > MAX_BESIDE:
        return {}
    facts, _ = read_person(flat(row))
    return {name: facts[name] for name in _NAMES if name in facts} if facts.get("email", address) == address else {}


MAX_BESIDE = 40
"""Fields of an object that is somebody."""


def _is_part_of(firm: Node, person: Node | None) -> bool:
    """A company inside the person's own object, or beside it under the same key."""
    return person is not None and firm.path[: len(person.path)] == person.path


def _name_of(node: Node) -> str | None:
    names = ("name", "company_name", "display_name", "Name", "displayName")
    value = next((value for name in names if (value := text(node.fields.get(name)))), None)
    return value if value is not None and fits("company", value) else None


def company_in(objects: list[Node], person: Node | None, firm: Node | None) -> dict[str, str]:
    """The company of `firm`, a company's object, or the one that is written beside the person."""
    own = person.ask(_firm_beside) if person is not None and firm is not None else {}
    if "company" in own and firm is not None and not _is_part_of(firm, person):
        return {name: own[name] for name in ("company", "domain") if name in own}
    if firm is not None and (name := _name_of(firm)):
        domain = text(firm.fields.get("domain")) or text(firm.fields.get("website"))
        return {"company": name, **({"domain": domain} if domain else {})}
    for node in ([person] if person else []) + [n for n in objects if n.weight in (0, 1, 50, 100)]:
        beside = node.ask(_firm_beside)
        if "company" in beside and (
            node is person or not (person and _is_another(node.ask(person_of), person.ask(person_of)))
        ):
            return {name: beside[name] for name in ("company", "domain") if name in beside}
    return {}


def _firm_beside(node: Node) -> dict[str, str]:
    """The company that is written in an object of somebody or something else."""
    if _TRACKED.isdisjoint(label_set(node.names)):
        return facts_of(node)
    return read_person({key: value for key, value in node.fields.items() if label(key) not in _OF_TRACKED})[0]
