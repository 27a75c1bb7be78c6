"""Who of us did what a body tells, or invites to a meeting: an id or an address that the roster may know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.json_values import JsonValue
from schemas.signals import Actor
from services.ingest.parsers.guesses.chain import Chain, level
from services.ingest.parsers.reading.safely import mapping, text
from services.ingest.parsers.reading.tables import words
from services.ingest.parsers.reading.values import is_address

_DOERS = words("""
    agent user sender author operator admin teammate employee rep sales_rep staff created_by sent_by performed_by
    completed_by updated_by changed_by initiator actor from_user from member caller assignee assigned_to owner
""")
"""Objects of whoever did it, the most telling first."""
_IDS = words("""
    agent_id user_id operator_id author_id sender_id admin_id created_by_id sent_by_id updated_by_user_id
    created_by_user_id completed_by_id performed_by_id actor_id staff_id employee_id assignee_id assigned_user_id
    owner_id
""")
_ADDRESSES = words("""
    agent_email user_email operator_email author_email sender_email created_by_email owner_email from_email
    rep_email
""")
_HOSTS = words("""
    organizer organiser host hosts organizers assigned_host host_user event_memberships team_member booked_with staff
    employee provider practitioner consultant advisor agent owner assigned_to assignee users user calendar_owner
    scheduled_with meeting_host
""")
_HOST_IDS = words("""
    host_id organizer_id organiser_id assigned_user_id hubspot_owner_id staff_id employee_id owner_id user_id
    assigned_to_id assignee_id
""")
_HOST_ADDRESSES = words("""
    host_email organizer_email organiser_email owner_email staff_email user_email employee_email calendar_email
    assigned_to_email agent_email
""")
_OWN_IDS = ("id", "user_id", "uuid", "uid", "user", "uri", "user_uri")
_OWN_ADDRESSES = ("email", "user_email", "email_address", "mail", "address")
_THEIRS = frozenset(["contact", "lead", "customer", "visitor", "end_user", "client", "guest", "prospect"])


def doer_of(chain: Chain) -> Actor:
    """The colleague who did it, as far as the body names one."""
    return _of(chain, _DOERS, _IDS, _ADDRESSES)


def host_of_meeting(chain: Chain) -> Actor:
    """Who invites: the organizer, the host, whoever it was booked with; in a list of who comes, the one who is marked so."""
    held = [at.held for at in reversed(chain)]
    marked = (
        who
        for at in held
        for name in _COMERS
        for who in _rows(at.get(name))
        if isinstance(who, dict) and _is_marked(who)
    )
    return next((colleague for who in marked if (colleague := _colleague_of(who))), None) or _of(
        chain, _HOSTS, _HOST_IDS, _HOST_ADDRESSES
    )


_COMERS = ("attendees", "participants", "invitees", "guests", "people", "users", "members")
_MARKS = ("organizer", "organiser", "is_organizer", "is_organiser", "host", "is_host", "self", "is_owner")


def _is_marked(who: Mapping[str, JsonValue]) -> bool:
    held = level(who).held
    return any(held.get(mark) is True for mark in _MARKS) or (text(held.get("role")) or "").casefold() in (
        "host",
        "organizer",
        "organiser",
        "owner",
    )


def _of(chain: Chain, objects: tuple[str, ...], ids: tuple[str, ...], addresses: tuple[str, ...]) -> Actor:
    held = [at.held for at in reversed(chain)]
    for name in objects:
        for at in held:
            for who in _rows(at.get(name)):
                if (colleague := _colleague_of(who)) is not None:
                    return colleague
    reference = next((value for name in ids for at in held if (value := text(at.get(name))) and value != "0"), None)
    address = next(
        (value for name in addresses for at in held if (value := text(at.get(name))) and is_address(value)), None
    )
    return Actor(kind="person", reference=reference or address, email=address) if reference or address else Actor()


def _rows(value: JsonValue) -> Iterator[JsonValue]:
    yield from value[:50] if isinstance(value, list) else (value,)


def _colleague_of(who: JsonValue) -> Actor | None:
    """One of ours, by an object, or by an address in its place."""
    if isinstance(who, str):
        written = who.strip()
        return Actor(kind="person", reference=written, email=written) if is_address(written) else None
    held = level(mapping(who)).held if isinstance(who, Mapping) else {}
    if not held or (text(held.get("type")) or "").casefold() in _THEIRS:
        return None
    address = next((word for name in _OWN_ADDRESSES if (word := text(held.get(name))) and is_address(word)), None)
    reference = next((word for name in _OWN_IDS if (word := text(held.get(name))) and word != "0"), None) or address
    return Actor(kind="person", reference=reference, email=address) if reference else None
