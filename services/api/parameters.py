"""A query parameter that no route knows is refused: a misspelt filter would answer with everybody."""

from __future__ import annotations

from starlette.requests import Request

from schemas.words import probably
from services.door.problems import Trouble


class OnlyKnown:
    """A dependency of every route. What there is to know is in the application's own OpenAPI document."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    async def __call__(self, request: Request) -> None:
        """Raises Trouble, which names what there is and never what was sent."""
        if not request.query_params:
            return
        known = self._of(request)
        unknown = next((name for name in request.query_params if name not in known), None)
        if unknown is not None:
            there_are = f"there are {', '.join(known)}" if known else "there are none"
            raise Trouble("invalid", f"query: an unknown parameter; {there_are}{probably(unknown, known)}")

    def _of(self, request: Request) -> tuple[str, ...]:
        place = request.scope["route"].path, request.method.lower()
        if place not in self._known:
            operation = request.app.openapi()["paths"][place[0]][place[1]]
            said = operation.get("parameters", ())
            self._known[place] = tuple(parameter["name"] for parameter in said if parameter["in"] == "query")
        return self._known[place]
