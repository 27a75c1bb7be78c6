"""The two routes of a sign-in with a provider: the way there, and the way back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from routing.people.permissions import has_left
from routing.people.roster import Roster
from services.console.signing_in.attempts import LASTS, AttemptSeal, new_attempt
from services.console.signing_in.claims import ClaimRules, name_of, person_of, roles_of
from services.console.signing_in.cookies import Cookie
from services.console.signing_in.pages import OpenPages
from services.console.signing_in.provider import Provider
from services.console.signing_in.routes import Newcomer, begin, next_path
from services.console.signing_in.sessions import Sessions
from services.console.signing_in.site import Site
from services.door.limits import Buckets
from services.door.problems import Trouble
from services.door.proxies import Network, client_in, network_of
from services.ports.errors import PortError

CALLBACK = "/sign-in/callback"
TRIES_A_SECOND, TRIES_AT_ONCE = 0.5, 30
"""Ways back of one address: each asks the provider something."""


class ProviderDesk:
    """What is done at these routes."""

    def __init__(
        self,
        provider: Provider,
        *,
        site: Site,
        sessions: Sessions,
        roster: Callable[[], Awaitable[Roster]],
        rules: ClaimRules,
        seal: AttemptSeal,
        now: Callable[[], datetime],
        trusted: Sequence[Network],
        open_pages: OpenPages,
    ) -> None:
        self._provider, self._site, self._sessions, self._roster = provider, site, sessions, roster
        self._rules, self._seal, self._now, self._trusted = rules, seal, now, trusted
        self._open_pages = open_pages
        self._tries = Buckets(TRIES_A_SECOND, TRIES_AT_ONCE)
        self._cookie = Cookie("stafett-sign-in", site.is_secure)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sign-in/start", self.start, methods=["GET"]),
            Route(CALLBACK, self.finish, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """On to the provider, with an attempt in the browser's cookie. Raises Trouble."""
        attempt = new_attempt(next_path(request))
        address = await self._provider.address_to_sign_in(attempt, self._open_pages.reader(request).language)
        answer = RedirectResponse(address, 303)
        self._cookie.write(answer, self._seal.close(attempt, self._now()), LASTS)
        return answer

    async def finish(self, request: Request) -> Response:
        """Back from the provider. The attempt is over, whatever comes of it: a second answer to it is refused."""
        try:
            answer = await self._judge(request)
        except Trouble as trouble:
            answer = self._open_pages.tell(request, trouble)
        except PortError:
            answer = self._open_pages.tell(
                request, Trouble("unavailable", "the store cannot be reached", retry_after=5)
            )
        self._cookie.remove(answer)
        return answer

    async def _judge(self, request: Request) -> Response:
        """Raises Trouble, StoreUnavailable."""
        client, at = network_of(client_in(request.scope, self._trusted)), time.monotonic()
        if seconds := self._tries.wait(client, at):
            raise Trouble("too_many", "too many sign-ins from this address", seconds)
        self._tries.charge(client, at)
        sealed = self._cookie.read(request)
        attempt = self._seal.open(sealed, self._now()) if sealed is not None else None
        if attempt is None:
            raise Trouble("sign_in_failed", "no sign-in is under way in this browser, or it took too long")
        claims = await self._provider.claims(attempt, request.query_params)
        roster, roles = await self._roster(), roles_of(claims, self._rules)
        person = person_of(claims, self._rules, roster)
        if has_left(person, roster) is not None:
            raise Trouble("no_person")
        if roles is not None and not roster.has_role(person, *roles):
            raise Trouble("not_yours", "the sign-in provider gives none of the roles that the roster has")
        newcomer = Newcomer(person, roles, name_of(claims), attempt.next_path)
        return await begin(self._site, self._sessions, request, newcomer)
