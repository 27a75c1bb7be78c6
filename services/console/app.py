"""The page as an application: its routes behind the guard, and errors in words."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from schemas.certain import certainly
from services.console.signing_in.pages import answer_trouble
from services.door.bodies import BodyRefused
from services.door.problems import Trouble
from services.ports.errors import PortError

log = logging.getLogger("stafett.http")
_BY_STATUS = {404: "not_found", 405: "method", 413: "too_large"}
_RULES = {404: "there is no such path", 405: "this path does not take this method"}


def create_page(routes: Sequence[BaseRoute]) -> Starlette:
    """The application that the guard stands before. Every error of a route is a page for people and a problem for programs."""
    return Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _refuse,
            Trouble: _refuse,
            PortError: _say_unavailable,
            Exception: _confess,
        },
    )


async def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, Trouble):
        return answer_trouble(request, error)
    refused = certainly(error, HTTPException, "it is called for these errors alone")
    if isinstance(refused, BodyRefused):
        return answer_trouble(request, Trouble(refused.code, str(refused.detail)))
    status = refused.status_code
    return answer_trouble(request, Trouble(_BY_STATUS.get(status, "invalid"), _RULES.get(status, "it cannot be read")))


async def _say_unavailable(request: Request, _: Exception) -> Response:
    return answer_trouble(request, Trouble("unavailable", "the store cannot be reached", retry_after=5))


async def _confess(request: Request, error: Exception) -> Response:
    log.error("a request of the page failed", exc_info=error)
    return answer_trouble(request, Trouble("internal"))
