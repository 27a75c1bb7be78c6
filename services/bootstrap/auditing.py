"""Which requests are noted, and as what: every change, and whatever shows personal data, by whoever proved who they are."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from routing.people.permissions import PAGE
from schemas.api_keys import KeyEntry
from services.api.access import KEY
from services.api.auditing import SAFE
from services.console.signed_in import SignedIn
from services.console.static_files import PREFIX
from services.ports.audit import Use

LIVE = "/live"
SIGN_IN = "/sign-in/"
"""Paths under it hold secrets that work once."""
SHOWS_KEYS = "listTopicKeys"
"""Who has a key of a person's events reads them elsewhere."""
SEARCHES = "searchLeads"
"""It changes nothing, though it is a POST: it is noted as other lists are."""
CONFLICT = 409
LONGEST_ID = 100
"""Characters of a subject that are kept."""


def use_of(scope: MutableMapping[str, Any], status: int) -> Use | None:
    """What a request asked for, once it is answered. Nobody's business is what asks for no person and changes nothing: a key that may
    see nothing personal and reads, files of the page, its line of news, whoever is not known."""
    key, somebody = scope.get(KEY), scope.get(PAGE)
    if isinstance(key, KeyEntry):
        use = _by_key(scope, key)
    elif isinstance(somebody, SignedIn):
        use = _on_page(scope, somebody)
    else:
        use = None
    return use._replace(subject=_subject(scope, status), status=status) if use is not None else None


def _by_key(scope: MutableMapping[str, Any], key: KeyEntry) -> Use | None:
    operation = getattr(scope.get("route"), "operation_id", None)
    if operation is None:
        return None
    if (
        (scope["method"] in SAFE or operation == SEARCHES)
        and "personal:read" not in key.scopes
        and operation != SHOWS_KEYS
    ):
        return None
    return Use(door="api", actor=key.name, person=key.person, action=operation)


def _on_page(scope: MutableMapping[str, Any], somebody: SignedIn) -> Use | None:
    if scope.get("endpoint") is None or _is_no_screen(scope["path"]):
        return None
    action = f"{scope['method']} {_pattern(scope)}"
    return Use(door="page", actor=somebody.person, person=somebody.person, action=action)


def _is_no_screen(path: str) -> bool:
    return path == LIVE or path.startswith(f"{PREFIX}/")


def _pattern(scope: MutableMapping[str, Any]) -> str:
    """The path with the names of its parts instead of what stands there, so that there are as many as there are routes."""
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path


def _subject(scope: MutableMapping[str, Any], status: int) -> str:
    """The ids in the path, of what there is: of a request that was refused nothing is kept but that, so that who guesses fills
    nothing and puts no words of theirs here."""
    ids = "/".join(str(value) for value in scope.get("path_params", {}).values())
    is_there = status < 400 or status == CONFLICT
    return ids[:LONGEST_ID] if is_there and ids.isprintable() and not scope["path"].startswith(SIGN_IN) else ""
