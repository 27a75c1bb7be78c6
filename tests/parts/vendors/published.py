"""A vendor's own OpenAPI files as a judge of requests, where somebody has them: they are the vendor's, so none is in this repository.

`STAFETT_TEST_PUBLISHED` names a directory of such files (`make published FILES=directory`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

from jsonschema import Draft202012Validator

from tests.parts.vendors.faults import Json
from tests.parts.vendors.server import Request

VARIABLE = "STAFETT_TEST_PUBLISHED"
Object = dict[str, Json]


class _Operation(NamedTuple):
    file: str
    path: re.Pattern[str]
    query: frozenset[str]
    needed: frozenset[str]
    body: Draft202012Validator | None
    is_body_needed: bool


class Published:
    """All files below a directory whose `info.version` is the one asked for (all of them where it is None)."""

    def __init__(self, directory: Path, version: str | None = None) -> None:
        self._operations: dict[str, list[_Operation]] = {}
        for file in sorted(directory.rglob("*.json")):
            spec = _object(json.loads(file.read_text()))
            info = _object(spec.get("info"))
            if "paths" in spec and version in (None, info.get("version")):
                for method, operation in _operations(file.name, spec):
                    self._operations.setdefault(method, []).append(operation)
        if not self._operations:
            raise FileNotFoundError(f"no OpenAPI file of version {version} below {directory}")

    def problems(self, request: Request) -> list[str]:
        """Those by the description that it breaks least, where several have its path; none where one has no objection."""
        here = [o for o in self._operations.get(request.method, []) if o.path.fullmatch(request.path)]
        if not here:
            return [f"no operation {request.method} {request.path}"]
        return min((_objections(operation, request) for operation in here), key=len)


def from_environment(version: str | None = None) -> Published | None:
    """None where nobody has them."""
    directory = os.environ.get(VARIABLE)
    return Published(Path(directory), version) if directory else None


def _operations(file: str, spec: Object) -> Iterator[tuple[str, _Operation]]:
    for path, methods in _object(spec.get("paths")).items():
        pattern = re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(path)))
        for method, described in _object(methods).items():
            if not isinstance(described, dict):
                continue
            parameters = [_object(p) for p in cast("list[Json]", described.get("parameters") or [])]
            query = {str(p["name"]): bool(p.get("required")) for p in parameters if p.get("in") == "query"}
            body = _object(described.get("requestBody"))
            schema = _object(_object(_object(body.get("content")).get("application/json")).get("schema"))
            needed = frozenset(name for name, is_needed in query.items() if is_needed)
            judge = Draft202012Validator({**_plain(schema), "components": _plain(_object(spec.get("components")))})
            yield (
                method.upper(),
                _Operation(
                    file, pattern, frozenset(query), needed, judge if schema else None, bool(body.get("required"))
                ),
            )


def _objections(operation: _Operation, request: Request) -> list[str]:
    found = [f"{operation.file}: ?{name} is no parameter" for name in request.query if name not in operation.query]
    found += [f"{operation.file}: ?{name} is missing" for name in operation.needed if name not in request.query]
    if operation.body is None:
        return found + ([f"{operation.file}: it has a body"] if request.body else [])
    if not request.body:
        return found + ([f"{operation.file}: it has no body"] if operation.is_body_needed else [])
    errors = operation.body.iter_errors(request.json())
    return found + [f"{operation.file}: {error.json_path}: {error.message[:200]}" for error in errors]


def _object(value: Json) -> Object:
    return value if isinstance(value, dict) else {}


def _plain(schema: Object) -> Object:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type of its own."""

    def convert(value: Json) -> Json:
        if isinstance(value, list):
            return [convert(item) for item in value]
        if not isinstance(value, dict):
            return value
        converted = {name: convert(item) for name, item in value.items() if name not in ("nullable", "example")}
        if value.get("nullable") is True and isinstance(value.get("type"), str):
            converted["type"] = [value["type"], "null"]
        return converted

    return cast("Object", convert(schema))
