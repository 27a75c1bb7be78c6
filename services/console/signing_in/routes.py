"""The routes of signing in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, assert_never
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from routing.people.permissions import PAGE, has_left
from routing.people.roster import Roster
from schemas.roster import Role
from services.console.language.vocabulary import role_name
from services.console.signed_in import signed_in
from services.console.signing_in.pages import OpenPages, Way, is_local
from services.console.signing_in.sessions import Sessions
from services.console.signing_in.site import Site
from services.door.problems import Trouble

LINK = "/sign-in/link/"


class Desk:
    """What is done at these routes."""

    def __init__(
        self,
        site: Site,
        sessions: Sessions,
        roster: Callable[[], Awaitable[Roster]],
        *,
        end_at_provider: Callable[[], Awaitable[str | None]],
        open_pages: OpenPages,
    ) -> None:
        """`end_at_provider`: where a session at the sign-in provider is ended; None where there is no such place."""
        self._site, self._sessions, self._roster, self._end_at_provider = site, sessions, roster, end_at_provider
        self._open_pages = open_pages

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sign-in", self.ask, methods=["GET"]),
            Route(LINK + "{secret}", self.take_link, methods=["GET"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/sign-out/everywhere", self.sign_out_everywhere, methods=["POST"]),
            Route("/signed-out", self.say_goodbye, methods=["GET"]),
            Route("/me", self.show_reader, methods=["GET"]),
        ]

    async def ask(self, request: Request) -> Response:
        """How to sign in here; who is signed in already goes on to the page."""
        if PAGE in request.scope:
            return RedirectResponse(next_path(request), 303)
        say = self._open_pages.reader(request).say
        texts, ways = [say("Please sign in to see this page.")], []
        match self._site.way:
            case "provider":
                start = f"/sign-in/start?next={quote(next_path(request), safe='')}"
                ways.append(Way(start, say("Sign in with your work login")))
            case "link":
                texts.append(
                    say(
                        "Open the link that Stafett printed when it started. The command `stafett link` prints a new one."
                    )
                )
            case "none":
                texts.append(
                    say("Nobody can sign in here yet. Whoever runs Stafett connects it to your sign-in provider first.")
                )
            case _:
                assert_never(self._site.way)
        return self._open_pages.show(request, say("Sign in"), texts, ways=ways)

    async def take_link(self, request: Request) -> Response:
        """Raises Trouble for a link that is over, and for somebody who left."""
        if self._site.way != "link":
            raise Trouble("not_found", "people sign in with their provider here")
        if request.method != "GET":
            raise Trouble("method")
        person = await self._sessions.use_link(request.path_params["secret"])
        if person is None:
            raise Trouble("link_over")
        if has_left(person, await self._roster()) is not None:
            raise Trouble("no_person")
        return await begin(self._site, self._sessions, request, Newcomer(person))

    async def sign_out(self, request: Request) -> Response:
        """In this browser."""
        if (secret := self._site.session_cookie.read(request)) is not None:
            await self._sessions.end(secret)
        return self._goodbye()

    async def sign_out_everywhere(self, request: Request) -> Response:
        """In every browser of the person."""
        await self._sessions.end_all(signed_in(request).person)
        return self._goodbye()

    def _goodbye(self) -> Response:
        answer = RedirectResponse("/signed-out", 303)
        self._site.session_cookie.remove(answer)
        answer.headers["clear-site-data"] = '"cache"'
        return answer

    async def say_goodbye(self, request: Request) -> Response:
        """That it is done, and the way to the end of the session at the provider, which is not ours to end."""
        say = self._open_pages.reader(request).say
        elsewhere = await self._end_at_provider()
        ways = [Way("/sign-in", say("Sign in"))]
        if elsewhere is not None:
            ways.append(Way(elsewhere, say("Sign out of your work login too")))
        return self._open_pages.show(request, say("You are signed out."), ways=ways)

    async def show_reader(self, request: Request) -> Response:
        """Who is signed in, and the way out."""
        somebody, reader = signed_in(request), self._open_pages.reader(request)
        roles = ", ".join(role_name(role, reader) for role in sorted(somebody.roles))
        return self._open_pages.show(
            request,
            somebody.name,
            [
                reader.say("You are signed in as %(person)s.", person=somebody.person),
                reader.say("Roles: %(roles)s", roles=roles),
            ],
            ways=[
                Way("/sign-out", reader.say("Sign out"), posts=True),
                Way("/sign-out/everywhere", reader.say("Sign out on all my devices"), posts=True),
                Way("/", reader.say("To the page")),
            ],
        )


class Newcomer(NamedTuple):
    """Who has just proven who they are, with what the provider says of them, and where they wanted to go."""

    person: str
    roles: tuple[Role, ...] | None = None
    name: str | None = None
    next_path: str = "/"


async def begin(site: Site, sessions: Sessions, request: Request, newcomer: Newcomer) -> Response:
    """On to the page with a new session, whatever the browser had before, which ends. Raises StoreUnavailable."""
    if (before := site.session_cookie.read(request)) is not None:
        await sessions.end(before)
    answer = RedirectResponse(newcomer.next_path, 303)
    site.session_cookie.write(answer, await sessions.begin(newcomer.person, newcomer.roles, newcomer.name))
    return answer


def next_path(request: Request) -> str:
    """Where the reader wanted to go: a path of this page, else its beginning."""
    path = request.query_params.get("next", "/")
    return path if is_local(path) else "/"
