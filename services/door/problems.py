"""Answering with a problem: one way for all routes."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from schemas.problems import MEDIA_TYPE, problem


class Trouble(Exception):
    """A request that is answered with the problem of this code. `detail` names the rule, never a value."""

    def __init__(self, code: str, detail: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code, self.detail, self.retry_after = code, detail, retry_after

    def response(self, more: Mapping[str, str] | None = None) -> Response:
        """`more`: further headers of the answer."""
        headers = dict(more or {})
        if self.retry_after:
            headers["Retry-After"] = str(self.retry_after)
        said = problem(self.code, self.detail)
        if self.code == "too_slow":
            headers["Connection"] = "close"
        if self.code == "no_key":
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(said.model_dump(), said.status, headers, media_type=MEDIA_TYPE)
