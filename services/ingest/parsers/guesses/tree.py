"""Finds who an event of an unknown sender is about: every object in it, judged by the words on the way to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from schemas.json_values import COMPOSITE, PLAIN, JsonObject, JsonValue
from services.ingest.parsers.guesses.chain import WRAPPERS, Level, level
from services.ingest.parsers.guesses.contact_points import points_in
from services.ingest.parsers.reading.answers import rows
from services.ingest.parsers.reading.bodies import read_embedded_json
from services.ingest.parsers.reading.by_names import Names, cache_by_names, names_of
from services.ingest.parsers.reading.naming import label, meaning
from services.ingest.parsers.reading.safely import MAX_ANSWERS, name_parts, text
from services.ingest.parsers.reading.tables import word_set, words

Found = TypeVar("Found")
MAX_NODES = 400
MAX_PEOPLE = 50
"""People of one list that are searched for the first who is not ours."""
MAX_LEVEL = 7
_PEOPLE = word_set("""
    sender contact lead person customer attendee attendees invitee invitees subscriber respondent visitor guest prospect
    client participant participants member applicant registrant buyer shopper submitter caller customer_info
    contact_info contact_attributes personal_info profile kund kontakt kontaktperson kunde cliente contacto klant
    asiakas contacts people persons leads booker candidate lead_data user_data personal_data requester scheduler billing
    billing_address customer_details payer voter reviewer reporter signer signatory signers patient donor constituent
    person_account contact_names who sender_info contact_details to_contact subscribers parties
""")
_WEAK = {"user", "users", "from", "recipient", "recipients", "to", "author", "account_holder", "traits"}
"""Can be the lead or one of ours: taken where nobody else is named."""
_OURS = word_set("""
    owner organizer organiser host hosts agent assignee assigned_to assigned sender creator created_by updated_by
    modified_by actor operator operators rep sales_rep team staff admin initiator triggered_by deleted_by cancelled_by
    canceled_by rescheduled_by seller salesperson employee consultant advisor recruiter guests additional_guests
    assignees owners creators notifications responsible whatsapp_account email_account substitutions
    destination_calendar auth app application bot webhook integration sent_by members previous previous_attributes
    previous_data old before changes event_memberships event_guests headers request context user_agent library device os
    browser geo form_structure field_structure referrer referral emergency_contact partner spouse company_owner
""")
THINGS = word_set("""
    campaign form page list product products event location deal stage pipeline status site survey workflow automation
    sequence tag tags file files meta metadata calendar event_type scheduled_event project task note ticket order plan
    source channel inbox group category link url questionnaire opportunity definition options schema price payment
    subscription invoice conversation line_items quiz booking meeting appointment repository post shop store merchant
    video recording course webinar session language time_zone template
""")
"""Their `name` is no person's."""
_COMPANIES = word_set("""
    company organization organisation business account companies sales_account sales_accounts employment employer
    firma foretag entreprise empresa
""")
_WHO = words("""
    _contact _customer _attendee _invitee _lead _person _participant _visitor _payer _subscriber
""")
"""Ends of keys that are somebody."""
_LISTED = _PEOPLE | _WEAK | _COMPANIES
"""Keys of which a list is one of people or companies."""
_ONES = word_set("""
    responses submissions entries results records rows items answers submission response
""")
"""Keys of lists of which a lone object is what was filled in."""
_PLURAL = {
    "emails": "email",
    "email_addresses": "email",
    "emailaddresses": "email",
    "phones": "phone",
    "phone_numbers": "phone",
    "phonenumbers": "phone",
    "mobile_phones": "phone",
    "e_mails": "email",
}
_FIELDS = {"fields", "form_fields", "item_meta", "field", "input", "entries", "wpforms", "data"}
"""Keys of the answers of a form."""
_SCALAR = words("""
    value email mail address email_address number phone phone_number original_phone_number original_email_address
    full formatted international e164 raw_number sanitized_number
""")


class Node:
    """An object in the body: the way to it, its own scalars by name, and how far it is a person's (0 for a wrapper). What is
    found in it is found once, for several ask."""

    __slots__ = ("_found", "_level", "fields", "names", "path", "raw", "weight")

    def __init__(
        self, path: tuple[str, ...], fields: JsonObject, raw: Mapping[str, JsonValue], known: Level | None = None
    ) -> None:
        self.path, self.fields, self.raw, self.weight = path, fields, raw, _weight(path)
        self.names = names_of(fields)
        self._level = known
        self._found: dict[Callable[[Node], Any], Any] = {}

    @property
    def depth(self) -> int:
        return len(self.path)

    @property
    def level(self) -> Level:
        """All that it holds, by names as `label` writes them."""
        if self._level is None:
            self._level = level(self.raw)
        return self._level

    def ask(self, function: Callable[[Node], Found]) -> Found:
        """What the function finds in it; not to be changed by whoever asks."""
        if function not in self._found:
            self._found[function] = function(self)
        found: Found = self._found[function]
        return found


def nodes(
    event: Mapping[str, JsonValue],
    ours: frozenset[str] = frozenset(),
    limit: int = MAX_NODES,
    known: Iterable[Level] = (),
) -> list[Node]:
    """Every object that may tell of the lead, and of the company; what is ours or another's is left out. `ours`: further
    keys that are our own people here (the `user` of a task). `known`: levels of objects of the event that were made already."""
    objects: list[Node] = []
    levels = {id(at.raw): at for at in known}
    todo: deque[tuple[tuple[str, ...], Mapping[str, JsonValue]]] = deque([((), event)])
    wrapped = _is_envelope(event)
    while todo and len(objects) < limit:
        path, at = todo.popleft()
        named_path = path[1:] if wrapped and path[:1] == ("event",) else path
        objects.append(Node(named_path, flat(at), at, levels.get(id(at))))
        if len(path) < MAX_LEVEL:
            todo.extend(_inner(path, at, ours))
    return objects


def _is_envelope(event: Mapping[str, JsonValue]) -> bool:
    """What happened, under `event` and with a type: not the fair or the meeting that somebody goes to."""
    held = event.get("event")
    names = {label(str(key)) for key in held} if isinstance(held, dict) else set()
    return not names.isdisjoint(("type", "event_type", "action")) and names.isdisjoint(
        ("start", "start_time", "start_date")
    )


def _inner(
    path: tuple[str, ...], at: Mapping[str, JsonValue], ours: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, JsonValue]]]:
    for key, value in islice(at.items(), 200):
        kind = type(value)
        if kind is str and value[:1] in _OPENING:
            value = read_embedded_json(value)
        elif kind in PLAIN:
            continue
        if not isinstance(value, COMPOSITE) or not value:
            continue
        name = label(str(key))
        if name == "context" and isinstance(value, dict) and isinstance(traits := value.get("traits"), dict) and traits:
            # Of a tracked event: all that tells of somebody, among much that tells of the browser.
            yield (*path, "traits"), traits
            continue
        others = (
            name in ours
            or (name == "user" and path[-1:] and path[-1] in _ACTS)
            or (is_another_side(name, value) and not _is_of_a_chat(path, name) and not _is_all_there_is(name, at))
        )
        if others and not (name == "changes" and _are_answers(value)):
            continue
        yield from _within((*path, name), str(key), value)


def _is_all_there_is(name: str, at: Mapping[str, JsonValue]) -> bool:
    """What was before, where nothing is now: the record was deleted."""
    if name not in _BEFORE:
        return False
    now = [value for key, value in islice(at.items(), 200) if label(str(key)) in _NOW]
    return bool(now) and not any(now)


_OPENING = frozenset("{[")
"""What a text begins with that may be JSON."""
_ACTS = frozenset(
    ["trigger", "triggered", "action_metadata", "source_metadata", "audit", "audit_log", "changelog", "history_item"]
)
"""In what tells of the change itself a `user` is whoever made it."""
_BEFORE = frozenset(["previous", "old", "before"])
_NOW = frozenset(["current", "new", "after"])


def _within(
    path: tuple[str, ...], key: str, value: JsonValue
) -> Iterator[tuple[tuple[str, ...], Mapping[str, JsonValue]]]:
    """What is gone into of an object or a list that stands under `key`."""
    name, listed = path[-1], (*path[:-1], f"{path[-1]}()")
    if points := points_in(name, value):
        yield listed, points
        return
    if answers := _answers(name, value):
        yield listed, answers
        return
    if name in _FIELDS and (numbered := _numbered_answers(key, value)):
        yield listed, numbered
    if isinstance(value, dict):
        # A message that says `type: agent` says who wrote it, not who everybody in it is.
        if (name in ("message", "msg") or not _is_ours(value)) and not (name == "client" and _is_software(value)):
            yield path, value
    elif name in _LISTED:
        if len(value) == 1 and isinstance(value[0], str) and name in _PEOPLE:
            # `participants: ["+4670..."]`: who is on the line, with nothing but a number.
            yield path, {"phone" if "@" not in value[0] else "email": value[0]}
            return
        theirs = next((row for row in value[:MAX_PEOPLE] if isinstance(row, dict) and not _is_ours(row)), None)
        if theirs:
            yield path, theirs
    elif name in _ONES and len(value) == 1 and isinstance(value[0], dict):
        yield path, value[0]


def is_another_side(name: str, value: JsonValue) -> bool:
    """Whether what stands under a key is ours or somebody else's than the lead's, as far as its name says. A chat's
    `sender` can say itself that it is a contact."""
    if name == "request" and not _is_http(value):
        return False
    if (name == "notifications" and isinstance(value, list)) or (name == "changes" and _are_records(value)):
        return False
    named = name in _OURS or name.endswith(("_by", "_owner", "_agent", "_manager"))
    return named and not _is_theirs(value)


def _is_of_a_chat(path: tuple[str, ...], name: str) -> bool:
    """`meta.sender` of a conversation: who began it, where `sender` alone is who wrote the one message."""
    return name == "sender" and path[-1:] == ("meta",)


def _are_records(value: JsonValue) -> bool:
    """`changes` that hold whole records by their sort, of which each has its id; not what was before and is now."""
    return isinstance(value, dict) and any(isinstance(one, dict) and text(one.get("id")) for one in value.values())


_HTTP = word_set("""
    method headers ip cookies user_agent ip_address remote_addr remote_ip http_method
""")


def _is_http(value: JsonValue) -> bool:
    """A `request` of a browser; one of a customer has people in it."""
    return not isinstance(value, dict) or not _HTTP.isdisjoint(label(str(key)) for key in islice(value, 50))


def _answers(name: str, value: JsonValue) -> JsonObject:
    """A form's answers; addresses with their labels are none, nor is a list that no form is as long as."""
    if len(value) > MAX_ANSWERS or _is_address(name):
        return {}
    if isinstance(value, dict) and not all(isinstance(row, dict) for row in value.values()):
        return {}
    return rows(value)


def _numbered_answers(key: str, value: JsonValue) -> JsonObject:
    """Answers of a builder that numbers its fields: a list or an object of them, some of which have no names."""
    held = value.items() if isinstance(value, dict) else enumerate(value)
    items = [(str(name), inner) for name, inner in islice(held, MAX_ANSWERS)]
    if not any(name.isdigit() and not isinstance(inner, COMPOSITE) for name, inner in items):
        return {}
    answers: JsonObject = {}
    for name, inner in items:
        parts = name_parts(inner)
        answers |= parts or {f"{key} {name}" if name.isdigit() else name: inner}
    return answers


def _are_answers(value: JsonValue) -> bool:
    """`changes` that are a form's `{field, value}`, with nothing of what was before."""
    return isinstance(value, list) and all(isinstance(row, dict) and row.keys() == {"field", "value"} for row in value)


def _is_address(name: str) -> bool:
    """A key that means an e-mail address or a phone number, or several."""
    return name in _PLURAL or (meaning(name) or ("", 0))[0] in ("email", "phone")


def _is_ours(row: Mapping[str, JsonValue]) -> bool:
    """One in a list of people, or in a chat, who says to be the host or an agent."""
    if any(row.get(flag) is True for flag in _HOSTS):
        return True
    roles = ("type", "role", "user_type", "userType", "affiliation")
    return any((text(row.get(name)) or "").casefold() in _STAFF for name in roles)


def _is_software(row: Mapping[str, JsonValue]) -> bool:
    """A `client` that is a mail program or a browser, which have makers."""
    names = {label(str(key)) for key in row}
    return not names.isdisjoint(("family", "version", "os", "user_agent")) and names.isdisjoint(("email", "phone"))


_HOSTS = words("""
    organizer organiser is_organizer isOrganizer host is_host isHost self isAdmin is_admin is_staff isStaff is_agent
    isAgent
""")
_STAFF = ("internal", "agent", "admin", "host", "operator", "organizer", "organiser", "bot", "teammate", "staff")


def _is_theirs(value: JsonValue) -> bool:
    """A chat's `sender` that says itself that it is a contact."""
    return isinstance(value, dict) and (text(value.get("type")) or "").casefold() in (
        "contact",
        "lead",
        "visitor",
        "customer",
    )


def _weight(path: tuple[str, ...]) -> int:
    if not path:
        return 0
    if path[-1] in _PEOPLE or path[-1].endswith(_WHO):
        return 100
    if path[-1] in _WEAK:
        return 10
    if path[-1] in _COMPANIES:
        return -2
    if path[-1].endswith("()") or (path[-1] in WRAPPERS and path[-1] != "event"):
        return 50 if set(path[:-1]) & _PEOPLE else 0
    if path[-1] == "custom_fields" and path[-2:-1] and path[-2] in _PEOPLE:
        return 50
    return -1 if path[-1] in THINGS else 1 if not set(path) & THINGS else -1


@cache_by_names
def _are_texts(names: Names) -> bool:
    return all(type(name) is str for name in names)


def flat(at: Mapping[str, JsonValue]) -> JsonObject:
    """The scalars of an object, itself where it has nothing else: `{label, value}` is its value, a list of addresses its first or primary one."""
    if type(at) is dict and len(at) <= 500 and PLAIN.issuperset(map(type, at.values())) and _are_texts(names_of(at)):
        return at
    scalars: JsonObject = {}
    for key, value in islice(at.items(), 500):
        if type(value) in PLAIN:
            scalars[str(key)] = value
        elif isinstance(value, dict):
            scalars |= _flat_object(str(key), value)
        elif isinstance(value, list):
            name = label(str(key))
            if len(value) > 1 and not _is_address(name) and not any(isinstance(one, COMPOSITE) for one in value):
                scalars[str(key)] = value[:MAX_ANSWERS]
            elif (one := _primary(name, value)) is not None:
                scalars[_PLURAL.get(name, str(key))] = one
        else:
            scalars[str(key)] = value
    return scalars


def _flat_object(key: str, value: JsonObject) -> JsonObject:
    held, name = value.get("value"), label(key)
    if "value" in value:
        return name_parts(held) or {key: held.get("value") if isinstance(held, dict) else held}
    if parts := name_parts(value):
        return parts
    if (typed := value.get(text(value.get("type")) or "")) is not None:
        # A value under its own type, as a page's property has it: `{type: title, title: [{plain_text}]}`.
        inner = typed[0] if isinstance(typed, list) and typed else typed
        held = (
            next((inner[k] for k in ("plain_text", "name", "text") if text(inner.get(k))), None)
            if isinstance(inner, dict)
            else inner
        )
        return {key: held} if text(held) else {}
    if name in ("name", "full_name", "names"):
        return {str(k): v for k, v in value.items() if text(v)}
    if _is_address(name) and (inner := _number(value) or _scalar(value)):
        return {_PLURAL.get(name, key): inner}
    return {}


def _number(value: Mapping[str, JsonValue]) -> str | None:
    """A telephone number that has its country's code beside it."""
    code = next(
        (digits for k in ("c", "cc", "country_code", "countryCode", "code") if (digits := text(value.get(k)))), None
    )
    local_number = next((digits for k in ("n", "number", "national_number") if (digits := text(value.get(k)))), None)
    code = (code or "").removeprefix("+")
    return (
        f"+{code}{local_number}"
        if local_number and code.isdigit() and not local_number.startswith(("+", "00"))
        else None
    )


def _primary(name: str, values: list[JsonValue]) -> JsonValue:
    if not values or (
        isinstance(values[0], dict) and not _is_address(name) and len(values) <= MAX_ANSWERS and rows(values)
    ):
        return None
    chosen = next(
        (v for v in values if isinstance(v, dict) and (v.get("primary") is True or v.get("is_primary") is True)),
        values[0],
    )
    return _scalar(chosen) if isinstance(chosen, dict) else chosen


def _scalar(value: Mapping[str, JsonValue]) -> JsonValue:
    return next((value[k] for k in _SCALAR if text(value.get(k))), None)
