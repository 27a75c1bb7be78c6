"""The routes of the page's screens. A new screen is a room here, as `board/`, its line below and its line in
`navigation.py`."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from services.console.agreement.screen import agreement_routes
from services.console.board.screen import now_routes
from services.console.console import Console
from services.console.flow.screen import flow_routes
from services.console.forum.screen import forum_routes
from services.console.lead.screen import lead_routes
from services.console.people.screen import people_routes
from services.console.static_files import PREFIX


def screen_routes(console: Console) -> list[BaseRoute]:
    """Those of the screens, and of the files that they name."""
    assets = Route(f"{PREFIX}/{{digest}}/{{name:path}}", console.pages.static.answer, methods=["GET"])
    return [
        assets,
        *now_routes(console),
        *lead_routes(console),
        *flow_routes(console),
        *forum_routes(console),
        *people_routes(console),
        *agreement_routes(console),
    ]
