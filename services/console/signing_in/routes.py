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
from services.console.signed_in import signed_in
from services.console.signing_in.pages import (
    answer_page,
    button_to,
    form_to,
    is_local,
    paragraph,
    reader_language,
)
from services.console.signing_in.sessions import Sessions
from services.console.signing_in.site import Site
from services.console.signing_in.words import WORDS
from services.door.problems import Trouble

LINK = "/sign-in/link/"


class Desk:
    """What is done at these routes."""

    def __init__(
        self,
        site: Site,
        sessions: Sessions,
        roster: Callable[[], Awaitable[Roster]],
        end_at_provider: Callable[[], Awaitable[str | None]],
    ) -> None:
        """`end_at_provider`: where a session at the sign-in provider is ended; None where there is no such place."""
        self._site, self._sessions, self._roster, self._end_at_provider = site, sessions, roster, end_at_provider

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
        language = reader_language(request)
        words = WORDS[language]
        match self._site.way:
            case "provider":
                how = button_to(f"/sign-in/start?next={quote(next_path(request), safe='')}", words.by_provider)
            case "link":
                how = paragraph(words.by_link)
            case "none":
                how = paragraph(words.by_nothing)
            case _:
                assert_never(self._site.way)
        return answer_page(language, words.sign_in, paragraph(words.please), how)

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
        language = reader_language(request)
        words = WORDS[language]
        elsewhere = await self._end_at_provider()
        parts = [button_to(elsewhere, words.of_provider)] if elsewhere is not None else []
        return answer_page(language, words.signed_out, button_to("/sign-in", words.sign_in), *parts)

    async def show_reader(self, request: Request) -> Response:
        """Who is signed in, and the way out."""
        reader = signed_in(request)
        words = WORDS[reader.language]
        return answer_page(
            reader.language,
            reader.name,
            paragraph(words.you_are.format(person=reader.person)),
            paragraph(f"{words.roles} {', '.join(sorted(reader.roles))}"),
            form_to("/sign-out", reader.csrf, words.sign_out),
            form_to("/sign-out/everywhere", reader.csrf, words.everywhere),
            button_to("/", words.to_page),
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
