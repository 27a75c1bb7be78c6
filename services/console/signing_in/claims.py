"""From what a provider says of somebody (the claims of an ID token) to a person of the roster and their roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from routing.people.roster import Roster
from schemas.json_values import JsonValue
from schemas.roster import Role
from services.door.problems import Trouble

SYSTEM = "oidc"
"""In the roster, `ids: {oidc: ...}` is somebody's id at the sign-in provider."""
LONGEST_NAME = 200
_ROLES: tuple[Role, ...] = get_args(Role)
MOST_ROLES = 1000


class ClaimRules(NamedTuple):
    """`subject` is the claim with the id that stands in the roster. `roles` is the one that lists roles (a dotted path leads into
    objects), None where the provider tells nothing of roles; `role_names` says which of its words is which role."""

    subject: str
    roles: str | None
    role_names: Mapping[str, Role]


def person_of(claims: Mapping[str, JsonValue], rules: ClaimRules, roster: Roster) -> str:
    """By the id in the roster; else by an e-mail address that the provider has verified, which must be one person's, whose entry
    names no id. Raises Trouble where it is nobody's."""
    subject = claims.get(rules.subject)
    if isinstance(subject, str) and subject:
        for member in roster.file.people:
            if member.ids.get(SYSTEM) == subject:
                return member.id
    email = claims.get("email")
    if isinstance(email, str) and "@" in email and claims.get("email_verified") is True:
        wanted = email.strip().casefold()
        matches = [
            member.id
            for member in roster.file.people
            if SYSTEM not in member.ids
            and member.notify is not None
            and member.notify.email is not None
            and member.notify.email.casefold() == wanted
        ]
        if len(matches) == 1:
            return matches[0]
    raise Trouble("no_person")


def roles_of(claims: Mapping[str, JsonValue], rules: ClaimRules) -> tuple[Role, ...] | None:
    """What the provider says; None where it is not asked. Words that are nobody's role here mean nothing."""
    if rules.roles is None:
        return None
    told = _value_at(claims, rules.roles)
    words = told if isinstance(told, list) else [told]
    known = {rules.role_names.get(word) for word in words[:MOST_ROLES] if isinstance(word, str)}
    return tuple(role for role in _ROLES if role in known)


def name_of(claims: Mapping[str, JsonValue]) -> str | None:
    """As the provider writes it, for the reader's own page alone."""
    name = claims.get("name")
    return name.strip()[:LONGEST_NAME] or None if isinstance(name, str) else None


def role_names_of(text: str) -> dict[str, Role]:
    """Of a setting such as `stafett-boss=manager, crm-users=sales`; each role is called by its own name too. Raises ValueError with the
    rule."""
    names: dict[str, Role] = {role: role for role in _ROLES}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        word, equals, wanted = part.rpartition("=")
        role = next((one for one in _ROLES if one == wanted.strip()), None)
        if not equals or not word.strip() or role is None:
            raise ValueError(f"`{part}` should read WORD=ROLE, with one of the roles {', '.join(_ROLES)}")
        names[word.strip()] = role
    return names


def _value_at(claims: Mapping[str, JsonValue], path: str) -> JsonValue:
    """The claim of this very name (providers name claims by URLs, which have dots), else what the path leads to."""
    if path in claims:
        return claims[path]
    steps: Sequence[str] = path.split(".")
    value: JsonValue = dict(claims)
    for step in steps:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
