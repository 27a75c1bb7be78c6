"""Finding whom an event of an unknown sender is about: every object in it, judged by the words on the way to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from services.ingest.parsers.answers import rows
from services.ingest.parsers.bodies import embedded
from services.ingest.parsers.chain import WRAPPERS
from services.ingest.parsers.naming import label, meaning
from services.ingest.parsers.reading import MAX_ANSWERS, name_parts, person_facts, text

MAX_NODES = 400
MAX_PEOPLE = 50
"""People of one list among whom the first who is not ours is looked for."""
MAX_LEVEL = 7
_PEOPLE = {
    "sender",
    "contact", "lead", "person", "customer", "attendee", "attendees", "invitee", "invitees", "subscriber", "respondent", "visitor", "guest",
    "prospect", "client", "participant", "participants", "member", "applicant", "registrant", "buyer", "shopper", "submitter", "caller",
    "customer_info", "contact_info", "contact_attributes", "personal_info", "profile", "kund", "kontakt", "kontaktperson", "kunde", "cliente",
    "contacto", "klant", "asiakas", "contacts", "people", "persons", "leads", "booker", "candidate", "lead_data", "user_data", "personal_data",
    "requester", "scheduler", "billing", "billing_address", "customer_details", "who", "sender_info", "contact_details", "to_contact", "subscribers",
}  # fmt: skip
_WEAK = {"user", "users", "from", "recipient", "recipients", "to", "author", "account_holder", "traits"}
"""Can be the lead or one of ours: taken where nobody else is named."""
_OURS = {
    "owner", "organizer", "organiser", "host", "hosts", "agent", "assignee", "assigned_to", "assigned", "sender", "creator", "created_by",
    "updated_by", "modified_by", "actor", "operator", "operators", "rep", "sales_rep", "team", "staff", "admin", "initiator", "triggered_by",
    "deleted_by", "cancelled_by", "canceled_by", "rescheduled_by", "seller", "salesperson", "employee", "consultant", "advisor", "recruiter",
    "guests", "additional_guests", "destination_calendar", "auth", "app", "application", "bot", "webhook", "integration", "sent_by", "members",
    "previous", "previous_attributes", "previous_data", "old", "before", "changes", "event_memberships", "event_guests", "headers", "request",
    "context", "user_agent", "library", "device", "referrer", "referral", "emergency_contact", "partner", "spouse", "company_owner",
}  # fmt: skip
_THINGS = {
    "campaign", "form", "page", "list", "product", "products", "event", "location", "deal", "stage", "pipeline", "status", "site", "survey",
    "workflow", "automation", "sequence", "tag", "tags", "file", "files", "meta", "metadata", "calendar", "event_type", "scheduled_event",
    "project", "task", "note", "ticket", "order", "plan", "source", "channel", "inbox", "group", "category", "link", "url", "questionnaire",
    "opportunity", "definition", "options", "schema", "price", "payment", "subscription", "invoice", "conversation", "line_items", "quiz",
    "booking", "meeting", "appointment", "video", "recording", "course", "webinar", "session", "language", "time_zone", "template",
}  # fmt: skip
"""Their `name` is no person's."""
_COMPANIES = {
    "company",
    "organization",
    "organisation",
    "business",
    "account",
    "companies",
    "sales_account",
    "sales_accounts",
    "employment",
    "employer",
    "firma",
    "foretag",
    "entreprise",
    "empresa",
}
_LISTED = _PEOPLE | _WEAK | _COMPANIES
"""Keys of which a list is one of people or companies."""
_PLURAL = {"emails": "email", "email_addresses": "email", "emailaddresses": "email", "phones": "phone", "phone_numbers": "phone",
           "phonenumbers": "phone", "mobile_phones": "phone", "e_mails": "email"}  # fmt: skip
_SCALAR = (
    "value",
    "email",
    "address",
    "email_address",
    "number",
    "phone",
    "phone_number",
    "original_phone_number",
    "original_email_address",
    "raw_number",
    "sanitized_number",
)


class Node(NamedTuple):
    """An object in the body: the way to it, its own scalars by name, and how far it is a person's (0 for a wrapper)."""

    path: tuple[str, ...]
    fields: dict[str, Any]
    raw: Mapping[str, Any]
    weight: int

    @property
    def depth(self) -> int:
        return len(self.path)


def nodes(event: Mapping[str, Any], ours: frozenset[str] = frozenset(), limit: int = MAX_NODES) -> list[Node]:
    """Every object that may tell of the lead, and of the company; what is ours or another's is left out. `ours`: further
    keys that are our own people here (the `user` of a task)."""
    found: list[Node] = []
    todo: deque[tuple[tuple[str, ...], Mapping[str, Any]]] = deque([((), event)])
    while todo and len(found) < limit:
        path, at = todo.popleft()
        found.append(Node(path, flat(at), at, _weight(path)))
        if len(path) < MAX_LEVEL:
            todo.extend(_inner(path, at, ours))
    return found


def _inner(
    path: tuple[str, ...], at: Mapping[str, Any], ours: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for key, value in islice(at.items(), 200):
        if not isinstance(value, dict | list | str):
            continue
        value = embedded(value)
        if not isinstance(value, dict | list) or not value:
            continue
        name = label(str(key))
        if (name in _OURS or name in ours or name.endswith(("_by", "_owner", "_agent", "_manager"))) and not _is_theirs(
            value
        ):
            continue
        if answers := _answers(name, value):
            yield (*path, f"{name}()"), answers
        elif isinstance(value, dict):
            if not _is_ours(value):
                yield (*path, name), value
        elif name in _LISTED:
            theirs = next((row for row in value[:MAX_PEOPLE] if isinstance(row, dict) and not _is_ours(row)), None)
            if theirs:
                yield (*path, name), theirs


def _answers(name: str, value: Any) -> dict[str, Any]:
    """A form's answers; addresses with their labels are none, nor is a list that no form is as long as."""
    if len(value) > MAX_ANSWERS or _is_address(name):
        return {}
    if isinstance(value, dict) and not all(isinstance(row, dict) for row in value.values()):
        return {}
    return rows(value)


def _is_address(name: str) -> bool:
    """A key that means an e-mail address or a phone number, or several."""
    return name in _PLURAL or (meaning(name) or ("", 0))[0] in ("email", "phone")


def _is_ours(row: Mapping[str, Any]) -> bool:
    """One in a list of people, or in a chat, who says to be the host or an agent."""
    if any(row.get(flag) is True for flag in _HOSTS):
        return True
    return any((text(row.get(name)) or "").casefold() in _STAFF for name in ("type", "role", "user_type", "userType"))


_HOSTS = ("organizer", "organiser", "is_organizer", "isOrganizer", "host", "is_host", "isHost", "self")
_STAFF = ("agent", "admin", "host", "operator", "organizer", "organiser", "bot", "teammate", "staff")


def _is_theirs(value: Any) -> bool:
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
    if path[-1] in _PEOPLE or path[-1].endswith(("_contact", "_customer", "_attendee", "_invitee", "_lead", "_person")):
        return 100
    if path[-1] in _WEAK:
        return 10
    if path[-1] in _COMPANIES:
        return -2
    if path[-1].endswith("()") or (path[-1] in WRAPPERS and path[-1] != "event"):
        return 50 if set(path[:-1]) & _PEOPLE else 0
    if path[-1] == "custom_fields" and path[-2:-1] and path[-2] in _PEOPLE:
        return 50
    return -1 if path[-1] in _THINGS else 1 if not set(path) & _THINGS else -1


def flat(at: Mapping[str, Any]) -> dict[str, Any]:
    """The scalars of an object: `{label, value}` is its value, a list of addresses its first or primary one."""
    found: dict[str, Any] = {}
    for key, value in islice(at.items(), 500):
        if isinstance(value, dict):
            found |= _flat_object(str(key), value)
        elif isinstance(value, list):
            name = label(str(key))
            if (one := _primary(name, value)) is not None:
                found[_PLURAL.get(name, str(key))] = one
        else:
            found[str(key)] = value
    return found


def _flat_object(key: str, value: dict[str, Any]) -> dict[str, Any]:
    held, name = value.get("value"), label(key)
    if "value" in value:
        return name_parts(held) or {key: held.get("value") if isinstance(held, dict) else held}
    if parts := name_parts(value):
        return parts
    if name in ("name", "full_name", "names"):
        return {str(k): v for k, v in value.items() if text(v)}
    if _is_address(name) and (said := _scalar(value)):
        return {_PLURAL.get(name, key): said}
    return {}


def _primary(name: str, values: list[Any]) -> Any:
    if not values or (
        isinstance(values[0], dict) and not _is_address(name) and len(values) <= MAX_ANSWERS and rows(values)
    ):
        return None
    chosen = next(
        (v for v in values if isinstance(v, dict) and (v.get("primary") is True or v.get("is_primary") is True)),
        values[0],
    )
    return _scalar(chosen) if isinstance(chosen, dict) else chosen


def _scalar(value: Mapping[str, Any]) -> Any:
    return next((value[k] for k in _SCALAR if text(value.get(k))), None)


def person_in(found: list[Node]) -> tuple[dict[str, str], Node | None]:
    """(facts by our names, the object that tells most of them). A person is one object; what wrappers around it and a
    form's answers say is added where it does not speak of another address."""
    told = [(node, said) for node in found if node.weight >= 0 and (said := person_of(node))]
    facts: dict[str, str] = {}
    chosen: Node | None = None
    for node, said in sorted(told, key=_rank, reverse=True):
        if chosen is None:
            chosen, facts = node, dict(said)
        elif _same(facts, said, node, chosen):
            facts = {**said, **facts}
    return facts, chosen


def person_of(node: Node) -> dict[str, str]:
    """The person's facts of one object. A bare `name` counts beside an address or a number, or where the object is a person's."""
    said, _ = person_facts(node.fields)
    if not said:
        return said
    said.pop("external_id", None)
    said.pop("domain", None)
    reach = said.keys() & {"email", "phone", "first_name", "last_name"}
    # A `client` is a person or a program.
    named = (node.weight >= 50 and node.path[-1] != "client") or (node.path and node.path[-1].endswith("()"))
    if "full_name" in said and _is_program(node, said["full_name"]):
        said.pop("full_name")
    if "full_name" in said and not reach and not named:
        sure = [
            n
            for n in node.fields
            if (meaning(n) or ("", 0))[0] == "full_name"
            and label(n) not in ("name", "nome", "navn", "naam", "display_name")
            and node.path[-1:] != ("client",)
        ]
        if not sure or set(node.path) & _THINGS:
            said.pop("full_name")
    if not reach and "full_name" not in said:
        return {}
    return said


def _is_program(node: Node, name: str) -> bool:
    """`client-name: Chrome` beside the client's system."""
    names = {label(str(key)) for key, value in node.fields.items() if value == name}
    return names <= {"client_name"} and any(
        label(str(key)) in ("client_os", "client_type", "user_agent") for key in node.fields
    )


def _rank(told: tuple[Node, dict[str, str]]) -> tuple[int, int, int]:
    node, said = told
    worth = 4 * ("email" in said) + 2 * ("phone" in said) + len(said.keys() & {"first_name", "last_name", "full_name"})
    return (node.weight if worth else -1, worth, -node.depth)


def _same(facts: dict[str, str], said: dict[str, str], node: Node, chosen: Node) -> bool:
    """Weak objects and other people are somebody else, unless the address is the same."""
    if "email" in said and "email" in facts:
        return said["email"].casefold() == facts["email"].casefold()
    return node.weight in (0, 1, 50) or (node.weight == 100 and node.path[:-1] == chosen.path)


def company_in(found: list[Node], person: Node | None, ours: bool = False) -> dict[str, str]:
    """A company's object, or the company that is written beside the person. `ours`: the body's own `account` is ours."""
    for node in found:
        if ours and node.path == ("account",):
            continue
        if node.weight == -2 and (name := text(node.fields.get("name")) or text(node.fields.get("company_name"))):
            domain = text(node.fields.get("domain")) or text(node.fields.get("website"))
            return {"company": name, **({"domain": domain} if domain else {})}
    for node in ([person] if person else []) + [n for n in found if n.weight in (0, 1, 50, 100)]:
        said, _ = person_facts(node.fields)
        if "company" in said:
            return {name: said[name] for name in ("company", "domain") if name in said}
    return {}
