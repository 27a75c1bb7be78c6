"""Pipedrive's own client, the npm package `pipedrive` (MIT), as a judge of what is sent to the stand-in: no body has a field that the models of
its requests lack, lacks one that they need, or has a value of another type.

`STAFETT_TEST_PIPEDRIVE` names the directory of the unpacked package (`make published-pipedrive` fetches it). It is no OpenAPI file: what it says
of queries and answers is not judged.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

from tests.parts.vendors.faults import Json
from tests.parts.vendors.server import Request

VARIABLE = "STAFETT_TEST_PIPEDRIVE"
_REQUESTS = (
    ("POST", "/api/v2/persons", "AddPersonRequest"),
    ("PATCH", "/api/v2/persons/", "UpdatePersonRequest"),
    ("POST", "/api/v2/organizations", "AddOrganizationRequest"),
    ("PATCH", "/api/v2/organizations/", "UpdateOrganizationRequest"),
    ("POST", "/api/v2/deals", "AddDealRequest"),
    ("PATCH", "/api/v2/deals/", "UpdateDealRequest"),
    ("POST", "/api/v2/activities", "AddActivityRequest"),
    ("PATCH", "/api/v2/activities/", "AddActivityRequest"),
    ("POST", "/v1/notes", "AddNoteRequest"),
    ("PUT", "/v1/notes/", "NoteRequest"),
    ("POST", "/v1/leads", "AddLeadRequest"),
    ("PATCH", "/v1/leads/", "UpdateLeadRequest"),
)
"""Which model its client sends; a path that ends in a slash goes on with an id."""
_MEMBER = re.compile(r"^    '(?P<name>\w+)'(?P<may_lack>\?)?: (?P<type>.+?);?$", re.MULTILINE)
_PLAIN: dict[str, dict[str, Json]] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
}
_OWN_FIELDS = re.compile(r"[0-9a-f]{40}")
"""A customer's fields, which leads have among the others."""


class PipedriveModels:
    """The unpacked package at this directory."""

    def __init__(self, directory: Path) -> None:
        self._versions = directory / "dist" / "versions"
        if not self._versions.is_dir():
            raise FileNotFoundError(f"no package of Pipedrive's client at {directory}")
        self._schema = cache(self._read_schema)

    def problems(self, request: Request) -> list[str]:
        """What its models object to; nothing for a request without a body."""
        if not request.body:
            return []
        name = next(
            (n for method, path, n in _REQUESTS if method == request.method and _is_at(request.path, path)), None
        )
        if name is None:
            return [f"no model of {request.method} {request.path}"]
        version = "v2" if request.path.startswith("/api/v2") else "v1"
        body = request.json()
        if version == "v1" and isinstance(body, dict):
            body = {field: value for field, value in body.items() if not _OWN_FIELDS.fullmatch(field)}
        errors = Draft202012Validator(self._schema(version, name)).iter_errors(body)
        return [f"{name}: {error.json_path}: {error.message[:200]}" for error in errors]

    def _read_schema(self, version: str, name: str) -> dict[str, Json]:
        """A model as JSON Schema; one that it has no file for may be anything."""
        file = self._versions / version / "models" / f"{_file_name(name)}.d.ts"
        if not file.is_file():
            return {}
        text = file.read_text()
        if (parts := re.search(rf"export type {name} = ([\w &]+);", text)) and "&" in parts[1]:
            return _merge([self._schema(version, part.strip()) for part in parts[1].split("&")])
        members = list(_MEMBER.finditer(text))
        if not members:
            return _choices(text, name)
        return {
            "type": "object",
            "properties": {m["name"]: self._of_type(version, m["type"], text) for m in members},
            "required": [m["name"] for m in members if m["may_lack"] is None],
            "additionalProperties": False,
        }

    def _of_type(self, version: str, kind: str, text: str) -> dict[str, Json]:
        if "|" in kind and "<" not in kind:
            return {"anyOf": [self._of_type(version, part.strip(), text) for part in kind.split("|")]}
        if items := re.fullmatch(r"Array<(.+)>(?: \| null)?", kind):
            return {"type": ["array", "null"], "items": self._of_type(version, items[1], text)}
        if kind in _PLAIN:
            return _PLAIN[kind]
        return _choices(text, kind) or (self._schema(version, kind) if re.fullmatch(r"\w+", kind) else {})


def from_environment() -> PipedriveModels | None:
    """None where nobody has the package."""
    directory = os.environ.get(VARIABLE)
    return PipedriveModels(Path(directory)) if directory else None


def _is_at(path: str, wanted: str) -> bool:
    return path.startswith(wanted) if wanted.endswith("/") else path == wanted


def _file_name(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _choices(text: str, name: str) -> dict[str, Json]:
    """The values of a closed set that the file declares; nothing where it declares none of this name."""
    found = re.search(rf"export declare const {name}: \{{(.*?)\}};", text, re.DOTALL)
    if found is None:
        return {}
    values = re.findall(r"readonly \w+: (.+?);", found[1])
    return {"enum": [json.loads(value.replace("'", '"')) for value in values]}


def _merge(schemas: list[dict[str, Json]]) -> dict[str, Json]:
    """One that has the members of all."""
    properties: dict[str, Json] = {}
    needed: list[Json] = []
    for schema in schemas:
        given, required = schema.get("properties"), schema.get("required")
        properties |= given if isinstance(given, dict) else {}
        needed += required if isinstance(required, list) else []
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
