"""The HTTP application without its parts: errors as problems, health, and the OpenAPI document made whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from schemas.api_keys import SCOPES
from schemas.certain import certainly
from schemas.crm import CrmFact
from schemas.http import BODIES, Accepted, Health, Readiness
from schemas.json_values import JsonObject
from schemas.problems import Problem
from schemas.wording import rule_of
from services import __version__
from services.api.access import Access, Key, problems
from services.api.app import create_router
from services.bootstrap.docs_page import POLICY, page_of
from services.bootstrap.readiness import readiness_answer
from services.door.bodies import BodyRefused
from services.door.problems import Trouble
from services.ingest.accepting.intake import NowhereToPut
from services.ports.errors import PortError

log = logging.getLogger("stafett.http")
_NOT = ("model_type", "model_attributes_type", "dict_type")
_RULES = {404: "there is no such path", 405: "this path does not take this method"}
"""What the framework has only its own words for."""
_NO_OBJECT = "has to be a JSON object, sent with Content-Type: application/json"


def _extra(body: type[BaseModel]) -> JsonObject:
    return certainly(body.model_config.get("json_schema_extra"), dict, "every body of an answer has an example")


HANDLED = "it is called for this error alone"
_BY_STATUS = {401: "no_key", 403: "no_scope", 404: "not_found", 405: "method", 413: "too_large", 422: "invalid"}
_TAGS = {
    "intake": "Webhooks in.",
    "leads": "Leads, why they are where they are, and what they did.",
    "sla": "Promises being measured.",
    "feed": "Events by gapless position, and snapshots to begin from.",
    "forum": "The weekly report of both sides.",
    "subscriptions": "Who gets events as webhooks.",
    "persons": "A person's own data.",
    "keys": "Who may use this API.",
    "operations": "What was set aside, depths, health.",
}
_EXAMPLES: JsonObject = {body.__name__: _extra(body)["examples"] for body in BODIES}
"""The framework drops null members of examples, so they are put back from the models."""
_ANSWERS = {body.__name__: " ".join((body.__doc__ or "").split()) for body in BODIES}
_ABOUT = """Stafett takes webhooks, decides which stage a lead is in and who works it, and emits events.

Every operation under /v1 but the hooks needs `Authorization: Bearer KEY`; each says which scope. Errors are RFC 9457
problems whose `type` never changes. Lists are ordered and paged by `after` and `next`. Bodies only ever grow: pass over
members that you do not know. Instants are RFC 3339 in UTC.
"""


class _Api(FastAPI):
    def openapi(self) -> JsonObject:
        return _document(self)


def bare_app(*, docs: bool = True) -> FastAPI:
    """An application that answers every error with a problem and knows its whole OpenAPI document; `docs`: it shows it."""
    url = "/openapi.json" if docs else None
    app = _Api(title="Stafett", version=__version__, openapi_url=url, docs_url=None, redoc_url=None)
    if docs:
        app.add_route("/docs", _docs, methods=["GET"])
    _errors(app)
    return app


async def _docs(request: Request) -> Response:
    """The document as a page that loads nothing."""
    return HTMLResponse(page_of(request.app.openapi()), headers={"content-security-policy": POLICY})


def document() -> JsonObject:
    """The OpenAPI document, without any part of an installation."""
    app = bare_app()
    nothing = cast("Any", None)
    routes = create_router(
        nothing,
        Access(no_keys, nothing, lambda: datetime.now(UTC), nothing),
        digest_email=lambda *_: None,
        now=lambda: datetime.now(UTC),
        retry=nothing,
        commanding=nothing,
        stopping=asyncio.Event(),
        explainer=nothing,
        versions=nothing,
        incidents=nothing,
        sinks=nothing,
        desk=nothing,
        forum=nothing,
        persons=nothing,
        troubles=nothing,
        audit=nothing,
        keys=nothing,
    )
    app.include_router(routes)
    add_health(app, no_readiness, Access(no_keys, nothing, lambda: datetime.now(UTC), nothing))
    return app.openapi()


async def no_keys() -> dict[str, Key]:
    """For the document alone: nobody asks."""
    return {}


async def no_readiness() -> dict[str, str]:
    """For the document alone: no part is there."""
    return {}


def add_health(
    app: FastAPI, readiness: Callable[[], Awaitable[dict[str, str]]], access: Access, *, intake: bool = True
) -> None:
    """`readiness` says of each part `ok`, or what is wrong; whose key may know is told. `intake`: the process takes
    webhooks."""

    @app.get("/healthz", tags=["operations"], operation_id="health", summary="Is the process alive")
    async def health() -> Health:
        """The process answers."""
        return Health(status="ok")

    unready = {"model": Readiness, "description": "Not ready: what went wrong, by part."}

    @app.get(
        "/readyz",
        tags=["operations"],
        operation_id="ready",
        summary="Can it work",
        response_model=Readiness,
        responses={503: unready},
    )
    async def ready(request: Request) -> Response:
        """Store and log answer, and each role of the process goes on. While one of them does not, a process that takes webhooks
        still can: `degraded`, until the spool is full, which takes its signals while the log is away. Which part it is, is
        for keys with `metrics:read` or `ops:read`."""
        said, status = readiness_answer(await readiness(), intake)
        return JSONResponse(said if await _may_know(request, access) else {"status": said["status"]}, status)


async def _may_know(request: Request, access: Access) -> bool:
    authorization = request.headers.get("authorization", "")
    if not authorization:
        return False
    try:
        await access.check(request, authorization, "metrics:read", "ops:read")
    except (Trouble, PortError):
        return False
    return True


def _sent_steps(loc: Sequence[str | int], body: Any) -> Iterator[str | int]:
    """The steps to a member as the sender wrote them: the validator puts the name of the command between them."""
    kind = body.get("command") if isinstance(body, dict) else None
    return (step for number, step in enumerate(loc) if (number, step) != (1, kind))


def _errors(app: FastAPI) -> None:
    """Every error is a problem; none shows internals."""

    async def http(_: Request, error: Exception) -> Response:
        error = certainly(error, HTTPException, HANDLED)
        if isinstance(error, BodyRefused):
            refusal = Trouble(error.code, str(error.detail))
        else:
            code = _BY_STATUS.get(error.status_code, "invalid")
            refusal = Trouble(code, _RULES.get(error.status_code, "it cannot be read"))
        answer = refusal.response()
        answer.headers.update(error.headers or {})
        return answer

    async def trouble(_: Request, error: Exception) -> Response:
        return certainly(error, Trouble, HANDLED).response()

    async def invalid(_: Request, error: Exception) -> Response:
        error = certainly(error, RequestValidationError, HANDLED)
        first = error.errors()[0]
        where = ".".join(str(step) for step in _sent_steps(first["loc"], error.body))
        if first["type"] == "json_invalid" and first["loc"][:1] == ("body",):
            return Trouble("invalid", f"body: {rule_of(first)}, at character {first['loc'][-1]}").response()
        rule = _NO_OBJECT if where == "body" and first["type"] in _NOT else rule_of(first)
        return Trouble("invalid", f"{where}: {rule}").response()

    async def unavailable(_: Request, error: Exception) -> Response:
        is_full = isinstance(error, NowhereToPut)
        why = "neither log nor spool can take it now" if is_full else "the store cannot be reached"
        return Trouble("unavailable", why, retry_after=5).response()

    async def defect(_: Request, error: Exception) -> Response:
        log.error("a request failed", exc_info=error)
        return Trouble("internal").response()

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Trouble, trouble)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(PortError, unavailable)
    app.add_exception_handler(Exception, defect)


def _document(app: FastAPI) -> JsonObject:
    if app.openapi_schema is None:
        tags = [{"name": name, "description": text} for name, text in _TAGS.items()]
        made = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            description=_ABOUT,
            routes=app.routes,
            tags=tags,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            servers=[{"url": "/", "description": "This installation."}],
        )
        _complete(made)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(made: JsonObject) -> None:
    """What plain routes and our own errors leave out: the hot route, metrics, the key, examples of answers."""
    parts = made.setdefault("components", {})
    _, extra = models_json_schema(
        [(Problem, "serialization"), (Accepted, "serialization"), (CrmFact, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    parts["schemas"] = {**extra["$defs"], **parts.get("schemas", {})}
    for name, examples in _EXAMPLES.items():
        if name in parts["schemas"]:
            parts["schemas"][name]["examples"] = examples
    scopes = " ".join(f"`{name}`: {text}" for name, text in SCOPES.items())
    about = f"An API key, made by `stafett new` or by hand. Each operation lists the scope it needs. {scopes}"
    parts["securitySchemes"] = {"apiKey": {"type": "http", "scheme": "bearer", "description": about}}
    made["paths"] = {"/v1/hooks/{source}": {"post": _hook()}, **made["paths"], "/metrics": {"get": _metrics()}}
    for path in made["paths"].values():
        for operation in path.values():
            operation.setdefault("security", [])
            for answer in operation["responses"].values():
                _exemplify(answer)


def _exemplify(answer: JsonObject) -> None:
    for content in answer.get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if name in _EXAMPLES and "examples" not in content:
            content["example"] = _EXAMPLES[name][0]
        if name in _EXAMPLES and answer["description"] == "Successful Response":
            answer["description"] = _ANSWERS[name]


def _hook() -> JsonObject:
    fact = {"schema": {}, "example": {"fact": "accepted", "offer_id": "ho_x.1"}}
    form = {"email": "anna@example.com", "name": "Anna Ek", "form_id": "demo"}
    anything = {"schema": {"type": "object", "additionalProperties": True}, "example": form}
    accepted = {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}}
    return {
        "tags": ["intake"],
        "operationId": "postHook",
        "summary": "Deliver a webhook",
        "description": (
            "Takes what the source's kind of sender posts, proven as the source's configuration says, over the raw "
            "bytes. 202 is a promise that survives any crash; a delivery repeated with its id gives the same ids, and "
            "a form sent twice is told with the lead. A proven body that "
            "cannot be understood is 202 too and can be seen at /v1/quarantine. Sources of kind `crm` take `CrmFact`, "
            "one or a list."
        ),
        "parameters": [
            {
                "name": "source",
                "in": "path",
                "required": True,
                "description": "Name of a configured source.",
                "schema": {"type": "string"},
                "example": "web",
            }
        ],
        "requestBody": {
            "required": True,
            "description": "As the platform sends it.",
            "content": {
                "application/json": fact,
                "application/x-www-form-urlencoded": anything,
                "multipart/form-data": anything,
            },
        },
        "responses": {
            "202": {"description": "The delivery is safe.", "content": accepted},
            **_by_status(
                problems("no_source", "not_verified", "too_slow", "too_large", "too_many", "unavailable", "stopped")
            ),
        },
    }


def _metrics() -> JsonObject:
    said = {"schema": {"type": "string"}, "example": "stafett_outbox_depth 0.0"}
    return {
        "tags": ["operations"],
        "operationId": "metrics",
        "summary": "Prometheus metrics",
        "description": "In the text format of Prometheus; absent where the metrics have a port of their own.",
        "security": [{"apiKey": ["metrics:read"]}],
        "responses": {
            "200": {"description": "All metrics.", "content": {"text/plain": said}},
            **_by_status(problems("no_key", "no_scope", "too_many")),
        },
    }


def _by_status(found: dict[int | str, JsonObject]) -> dict[str, JsonObject]:
    return {str(status): said for status, said in found.items()}
