"""What browsers ask and must be told before a page of another site may post here (the Fetch standard's CORS protocol)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

KEPT_SECONDS = 600
"""For which a browser need not ask again."""


def shared_with(origin: str | None, origins: Sequence[str]) -> dict[str, str]:
    """Headers by which a page of this origin may read the answer; caches are told that it depends on who asks."""
    allowed = {"access-control-allow-origin": origin} if origin in origins and origin is not None else {}
    return {**allowed, "vary": "Origin"}


def preflight(origin: str | None, origins: Sequence[str]) -> Response:
    """The answer to "may I post": 204 for a site that may, 403 for any other."""
    headers = shared_with(origin, origins)
    if origin not in origins:
        return Response(status_code=403, headers=headers)
    may = {
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type, webhook-id, webhook-timestamp, webhook-signature, traceparent",
        "access-control-max-age": str(KEPT_SECONDS),
    }
    return Response(status_code=204, headers={**headers, **may})
