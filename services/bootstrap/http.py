"""The HTTP server: hooks, the reading API, health. One uvicorn in the roles' own loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from schemas.sources import SourcesFile
from schemas.yamlfile import FileError, FileModel, load
from services.bootstrap import metering
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.bootstrap.shortcut import short_cut
from services.console.app import Key, create_router
from services.ingest.app import Configured, Hooks
from services.ingest.intake import Intake
from services.ingest.normalise import digest, email_address
from services.ingest.parsers import PARSERS
from services.ports import LogUnavailable, PortError
from services.settings import Settings

Scope = Literal["leads:read", "personal:read", "events:read", "ops:read", "ops:write"]


class KeyEntry(FileModel):
    """`sha256` is the hex digest of the key; the key itself is shown once, when it is made."""

    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: tuple[Scope, ...]


class KeysFile(FileModel):
    version: Literal[1, "1"]
    keys: tuple[KeyEntry, ...] = ()


def sources_of(settings: Settings) -> dict[str, Configured]:
    """The configured sources with their secrets. Raises FileError, SettingsError."""
    path = str(settings.path(settings.files.sources))
    file = load(read_file(settings, "sources"), SourcesFile, path)
    found: dict[str, Configured] = {}
    for source in file.sources:
        if source.kind not in PARSERS:
            raise FileError([f"{path}:1: source {source.name}: unknown kind; there are {', '.join(sorted(PARSERS))}"])
        secrets = secrets_of(settings, source.verify.secrets, f"source {source.name}")
        found[source.name] = Configured(source, secrets)
    return found


def keys_of(settings: Settings) -> dict[str, Key]:
    """The API keys. Raises FileError."""
    file = load(read_file(settings, "api_keys"), KeysFile, str(settings.path(settings.files.api_keys)))
    return {entry.name: Key(entry.name, entry.sha256, frozenset(entry.scopes)) for entry in file.keys}


def app_of(parts: Parts) -> FastAPI:
    """The whole HTTP application. Raises FileError, SettingsError."""
    settings = parts.settings
    app = FastAPI(title="Stafett", version="0.1.0", docs_url="/docs", redoc_url=None)
    intake = Intake(parts.log, parts.store, settings.topic("signals"), settings.spool_limit)
    sources = sources_of(settings)
    hooks = Hooks(sources, intake, parts.key, parts.now, settings.http.public_url)
    app.state.hook = metering.counted(hooks.answer, sources)
    app.add_route("/v1/hooks/{source}", app.state.hook, methods=["POST"])
    if settings.metrics_port is None:
        app.add_route("/metrics", metering.scraped(parts), methods=["GET"])

    def digest_email(text: str, brand: str) -> str | None:
        address = email_address(text)
        return None if address is None else digest(parts.key, "email", brand, address)

    app.include_router(create_router(parts.reading, keys_of(settings), digest_email, parts.now))
    _health(app, parts)
    _errors(app)
    return app


def _health(app: FastAPI, parts: Parts) -> None:
    @app.get("/healthz", tags=["operations"], operation_id="health")
    async def health() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"], operation_id="ready")
    async def ready() -> Response:
        """Store and log answer."""
        said = {"store": "ok", "log": "ok"}
        for name, check in (("store", parts.store.check), ("log", parts.log.check)):
            try:
                await check()
            except (PortError, LogUnavailable) as error:
                said[name] = type(error).__name__
        return JSONResponse(said, 200 if set(said.values()) == {"ok"} else 503)


def _errors(app: FastAPI) -> None:
    """Every error is an RFC 9457 problem; none shows internals."""

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        headers = error.headers if isinstance(error, HTTPException) else None
        return _problem(error.status_code, str(error.detail), headers)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        return _problem(422, f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}")

    async def unavailable(_: Request, error: Exception) -> Response:
        return _problem(503, "the store cannot be reached", {"Retry-After": "5"})

    app.add_exception_handler(StarletteHTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(PortError, unavailable)


def _problem(status: int, detail: str, headers: object = None) -> Response:
    said = {"type": "about:blank", "title": detail.partition(":")[0], "status": status, "detail": detail}
    kept = dict(headers) if isinstance(headers, dict) else None
    return JSONResponse(said, status, kept, media_type="application/problem+json")


class _Server(uvicorn.Server):
    """Signals are the composition root's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(parts: Parts, stop: asyncio.Event) -> None:
    """Until `stop`; requests under way are answered first."""
    settings = parts.settings
    app = app_of(parts)
    config = uvicorn.Config(
        short_cut(app.state.hook, app),
        host=settings.http.host,
        port=settings.http.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=int(settings.shutdown_timeout.total_seconds()),
        server_header=False,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await running
