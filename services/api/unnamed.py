"""What was set aside, for keys that may not see personal data: a sender chooses the names in a body, its headers and its
content type, and puts people there. Names of a closed vocabulary are shown as they are, any other by its number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.crm import CrmFact
from schemas.json_values import JsonObject
from schemas.may import CLASSES
from schemas.signals import Actor, Asserted, Company, Consent, Parsed, Person, Reference, Sales

_PARTS = (Actor, Asserted, Company, Consent, Parsed, Person, Reference, Sales)
_OURS = {field.name.strip("_") for part in _PARTS for field in msgspec.structs.fields(part)} | set(CrmFact.model_fields)
_COMMON = """answer answers attributes body channel city company contact contacts content created_at customer data date datacontenttype deal details
direction entity entries entry event event_id event_type events field fields firstname form form_data form_fields form_response from
handshake id ids index items key lastname lead leads list may message message_id messages meta metadata mobile mode module name new note
number object objects old organization owner page pages path payload people person persons phone phone_number place postcode
previous properties query record records region request response rows sender signal source specversion status subject submission
submitted_at tag task template text time timestamp title to topic type updated_at url user user_id users value values verify version when
webhook zip"""
KNOWN = frozenset({*_OURS, *_COMMON.split(), *CLASSES})
"""Names in bodies that are nobody's, in small letters: those of our own JSON, and what programs commonly call things."""
HIDDEN = "[name]"
_QUOTED = re.compile(r"`([^`]*)`")
_PATH = re.compile(r"\$[^\s:;,]*")
_STEP = re.compile(r"[^.\[\]]+")
_MEDIA = re.compile(
    r"\s*((?:application|audio|font|image|message|model|multipart|text|video)/([a-z0-9.+-]{1,80}))\s*(?:;|$)",
    re.IGNORECASE,
)
_SUBTYPES = frozenset(
    [
        "json",
        "x-www-form-urlencoded",
        "form-data",
        "plain",
        "html",
        "xml",
        "csv",
        "octet-stream",
        "cloudevents+json",
        "cloudevents-batch+json",
        "soap+xml",
        "x-json",
        "ld+json",
        "vnd.api+json",
        "problem+json",
        "javascript",
        "mixed",
        "related",
    ]
)
_CHARSET = re.compile(
    r";\s*charset\s*=\s*\"?(utf-?8|utf-?16|us-ascii|iso-8859-\d{1,2}|windows-125\d)\"?\s*(?:;|$)", re.IGNORECASE
)


def media_type(content_type: str | None) -> str | None:
    """The media type and the charset, where they are known ones; None for anything else."""
    found = _MEDIA.match(content_type or "")
    if found is None or found[2].casefold() not in _SUBTYPES:
        return None
    charset = _CHARSET.search(content_type or "")
    return found[1].casefold() + (f"; charset={charset[1].casefold()}" if charset else "")


def unnamed_place(place: str, known: str = "") -> str:
    """A path in a body. `known`: one more name that is shown, that of the source."""
    return _STEP.sub(lambda step: step[0] if _is_known(step[0], known) else HIDDEN, place)


def unnamed_reason(reason: str, known: str = "") -> str:
    """Why something was set aside: names and paths in it are the sender's."""
    quoted = _QUOTED.sub(lambda name: f"`{unnamed_place(name[1], known)}`", reason)
    return _PATH.sub(lambda path: unnamed_place(path[0], known), quoted)


def unnamed_shape(shape: Any) -> Any:
    """The shape of a body; names that are not known are numbered within their object."""
    if isinstance(shape, list):
        return [unnamed_shape(inner) for inner in shape]
    if not isinstance(shape, dict):
        return shape
    shown: JsonObject = {}
    for number, (name, inner) in enumerate(shape.items(), 1):
        shown[name if _is_known(name) else f"[name {number}]"] = unnamed_shape(inner)
    return shown


def unnamed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The content type alone: ids, programs and sources are named by the sender."""
    shown = media_type(headers.get("content-type"))
    return {} if shown is None else {"content-type": shown}


def _is_known(name: str, known: str = "") -> bool:
    small = name.casefold()
    # Numbers of parts, as `$[3]` and `event 3` have them.
    return small in KNOWN or name == "$" or (bool(known) and name == known) or (name.isdecimal() and len(name) < 5)
