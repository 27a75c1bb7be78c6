"""The page as an application: its routes behind the guard, and errors in words."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from schemas.certain import certainly
from services.console.signing_in.pages import OpenPages
from services.door.bodies import BodyRefused
from services.door.problems import Trouble
from services.ports.errors import PortError

log = logging.getLogger("stafett.http")
_BY_STATUS = {404: "not_found", 405: "method", 413: "too_large"}
_RULES = {404: "there is no such path", 405: "this path does not take this method"}


def create_page(routes: Sequence[BaseRoute], open_pages: OpenPages) -> Starlette:
    """The application that the guard stands before. Every error of a route is a page for people and a problem for programs."""

    def handler(trouble_of: Callable[[Exception], Trouble]) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def handle(request: Request, error: Exception) -> Response:
            return open_pages.tell(request, trouble_of(error))

        return handle

    return Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: handler(_refusal),
            Trouble: handler(_refusal),
            PortError: handler(_unavailability),
            Exception: handler(_defect),
        },
    )


def _refusal(error: Exception) -> Trouble:
    if isinstance(error, Trouble):
        return error
    refused = certainly(error, HTTPException, "it is called for these errors alone")
    if isinstance(refused, BodyRefused):
        return Trouble(refused.code, str(refused.detail))
    status = refused.status_code
    return Trouble(_BY_STATUS.get(status, "invalid"), _RULES.get(status, "it cannot be read"))


def _unavailability(_: Exception) -> Trouble:
    return Trouble("unavailable", "the store cannot be reached", retry_after=5)


def _defect(error: Exception) -> Trouble:
    log.error("a request of the page failed", exc_info=error)
    return Trouble("internal")
