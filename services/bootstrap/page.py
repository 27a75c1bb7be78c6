"""The page for people, from the parts; and which requests are its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from routing.people.permissions import has_left
from routing.people.roster import Roster
from schemas.words import probably
from schemas.yamlfile import FileError
from services.bootstrap.acknowledging import roster_now
from services.bootstrap.parts import Parts
from services.console.app import create_page
from services.console.rendering import Pages
from services.console.signing_in.guard import Guard
from services.console.signing_in.pages import OpenPages
from services.console.signing_in.routes import LINK, Desk
from services.console.signing_in.sessions import Sessions, Terms
from services.console.signing_in.site import Site, Way, site_of
from services.rules.ruling import Ruling
from services.settings import LOOPBACK, Settings

NOT_THE_PAGE = ("/v1", "/metrics", "/healthz", "/readyz", "/docs", "/openapi.json", "/alerts")
"""What is for programs, and the pages of links to acknowledge, which prove themselves."""


def way_of(settings: Settings) -> Way:
    """How people sign in here. A link is for browsers on this machine, so there is none where others may reach the page."""
    if settings.oidc.issuer is not None:
        return "provider"
    return "link" if settings.http.host in LOOPBACK and settings.http.public_url is None else "none"


def site_here(settings: Settings) -> Site:
    """Where the page is."""
    return site_of(way_of(settings), settings.http.public_url)


def link_person(roster: Roster, person: str | None) -> str:
    """Who a link signs in: the one who was named, else the first manager, else the first who did not leave. Raises FileError for
    somebody who cannot be."""
    if person is not None:
        if (why := has_left(person, roster)) is not None:
            raise FileError([f"--as {person}: {why}{probably(person, roster.people)}"])
        return person
    active = (*roster.active_with("manager"), *(one.id for one in roster.file.people if one.active))
    if not active:
        raise FileError(["the roster: everybody left, so nobody can sign in"])
    return active[0]


async def new_link(parts: Parts, person: str | None) -> tuple[str, str]:
    """(who, path) of a new one-time link. Raises FileError, StoreUnavailable."""
    who = link_person(await roster_now(parts)(), person)
    return who, LINK + await sessions_of(parts).make_link(who)


def sessions_of(parts: Parts) -> Sessions:
    """Of everybody who is signed in."""
    session = parts.settings.session
    return Sessions(parts.sessions, Terms(session.idle, session.lifetime, session.per_person, session.link), parts.now)


def _sign_in_routes(parts: Parts, open_pages: OpenPages) -> list[BaseRoute]:
    """Raises SettingsError."""
    site, sessions, roster = site_here(parts.settings), sessions_of(parts), roster_now(parts)
    if site.way != "provider":
        return Desk(site, sessions, roster, end_at_provider=_nowhere, open_pages=open_pages).routes()
    # Who signs nobody in with a provider does not wait for all that this takes.
    from services.bootstrap.provider import provider_desk, provider_of

    provider = provider_of(parts)
    desk = provider_desk(parts, provider, site=site, sessions=sessions, open_pages=open_pages)
    return [
        *Desk(site, sessions, roster, end_at_provider=provider.address_to_sign_out, open_pages=open_pages).routes(),
        *desk.routes(),
    ]


async def _nowhere() -> str | None:
    """No provider has a session of whoever signs out."""
    return None


def guarded_page(
    parts: Parts, screens: Sequence[BaseRoute], pages: Pages, ruling: Callable[[], Awaitable[Ruling]]
) -> ASGIApp:
    """The page behind its guard: signing in, and the screens. `ruling` is what rules now. Raises SettingsError."""
    open_pages = OpenPages(pages, parts.now)
    return Guard(
        create_page([*_sign_in_routes(parts, open_pages), *screens], open_pages),
        site=site_here(parts.settings),
        sessions=sessions_of(parts),
        ruling=ruling,
        open_pages=open_pages,
    )


class BesidePage:
    """Gives the page its own requests, and `app` what is for programs."""

    def __init__(self, app: ASGIApp, page: ASGIApp) -> None:
        self._app, self._page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_for_programs = scope["type"] != "http" or any(
            scope["path"] == one or scope["path"].startswith(f"{one}/") for one in NOT_THE_PAGE
        )
        await (self._app if is_for_programs else self._page)(scope, receive, send)
