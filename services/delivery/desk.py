"""Subscriptions as the API makes, changes, tries and replays them.

Each change is one transaction of the store. On kill -9 after it and before the answer it is made: asked again, it says that the
name is taken, or changes nothing more; a secret that nobody saw is replaced by another new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from schemas.subscriptions import ReplayOrder, SecretChange, SubscriptionChange, SubscriptionOrder, SubscriptionTerms
from schemas.wording import root_errors, rule_of
from services.delivery.replay import TooMany, replay_window
from services.delivery.role import Subscriber, matcher_of
from services.delivery.sealing import KeptSecret, Seal, Unsealable, new_secret, valid_secrets
from services.delivery.trying import send_test
from services.door.problems import Trouble
from services.outbound.posting import Poster
from services.ports.deliveries import Attempt, Deliveries, State, Tried, Window
from services.ports.subscriptions import Entry, SubscriptionRow, SubscriptionStore

MOST = 50
"""Subscriptions over the API: each has a loop that looks for events several times a second."""
MOST_SECRETS = 10
"""Of one subscription, the newest of which stay."""
MOST_REPLAYED = 100_000
"""Events that one request may look at; the command line has no such bound."""


class FileTerms(NamedTuple):
    """One of the file, with how many secrets it names."""

    terms: SubscriptionTerms
    secrets: int


class Rules(NamedTuple):
    """What the installation says: on `trial`, how long a try may take, whether the API may make one of private addresses, and
    what is wrong with a secret."""

    trial: bool
    timeout: timedelta
    private_by_api: bool
    secret_rule: Callable[[str], str | None]


class Desk:
    """`of_file` gives those of the file; `subscriber_of_file` one of them with its secrets, None where this process has not
    got them. Every method raises StoreUnavailable, and Trouble where it cannot be done."""

    def __init__(
        self,
        store: SubscriptionStore,
        deliveries: Deliveries,
        seal: Seal,
        now: Callable[[], datetime],
        *,
        rules: Rules,
        of_file: Callable[[], Sequence[FileTerms]],
        subscriber_of_file: Callable[[str], Subscriber | None],
    ) -> None:
        self._store, self._deliveries, self._seal, self._now = store, deliveries, seal, now
        self._rules, self._of_file, self._subscriber_of_file = rules, of_file, subscriber_of_file

    async def all(self) -> list[Entry]:
        """By name; of two of one name the file's, which is the one that goes."""
        states = {state.subscription: state for state in await self._deliveries.states()}
        entries = {row.name: self._entry(row, states.get(row.name)) for row in await self._store.all()}
        for terms, secrets in self._of_file():
            entries[terms.name] = Entry(terms, secrets, states.get(terms.name), None)
        return [entries[name] for name in sorted(entries)]

    async def one(self, name: str) -> Entry:
        for entry in await self.all():
            if entry.terms.name == name:
                return entry
        raise Trouble("not_found", "there is no such subscription")

    async def make(self, order: SubscriptionOrder, by: str) -> tuple[Entry, str]:
        """The subscription and its secret, which nobody is shown again. It begins with the next event."""
        terms = SubscriptionTerms.model_validate(order.model_dump(mode="json", exclude={"secret"}))
        self._check(terms)
        secret, now = self._secret(order.secret), self._now()
        sealed = self._seal.close(terms.name, [KeptSecret(secret)])
        row = SubscriptionRow(
            name=terms.name,
            revision=1,
            body=terms.model_dump_json(),
            secrets=sealed,
            made_by=by,
            created_at=now,
            changed_at=now,
        )
        if any(terms.name == file.terms.name for file in self._of_file()):
            raise Trouble("of_the_file", "one of this name stands in subscriptions.yaml; choose another name")
        match await self._store.create(row, MOST):
            case None:
                raise Trouble("full", f"there are {MOST} subscriptions already; delete one, or put it into the file")
            case False:
                raise Trouble("taken", "there is a subscription of this name; choose another")
            case True:
                return await self.one(terms.name), secret

    async def change(self, name: str, change: SubscriptionChange) -> Entry:
        row = await self._row(name)
        try:
            terms = change.apply(SubscriptionTerms.model_validate_json(row.body))
        except ValidationError as error:
            first = root_errors(error)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise Trouble("invalid", f"body{'.' if where else ''}{where}: {rule_of(first)}") from None
        self._check(terms)
        await self._write(row._replace(body=terms.model_dump_json()))
        return await self.one(name)

    async def remove(self, name: str) -> None:
        """What waits for it is dropped; one of the same name begins with the next event of then."""
        await self._row(name)
        if not await self._store.remove(name, self._now()):
            raise Trouble("not_found", "there is no such subscription")

    async def rotate(self, name: str, change: SecretChange) -> tuple[str, datetime]:
        """(the new secret, which signs first, until when those of before sign besides)."""
        row, now = await self._row(name), self._now()
        secret, until = self._secret(change.secret), now + change.keep_old
        old = [one for one in self._secrets_of(row) if one.until is None or one.until > now]
        kept = [KeptSecret(secret), *(KeptSecret(one.secret, min(until, one.until or until)) for one in old)]
        await self._write(row._replace(secrets=self._seal.close(name, kept[:MOST_SECRETS])))
        return secret, until

    async def set_disabled(self, name: str, reason: str | None) -> Entry:
        """`reason` None enables it: also one of the file, for that is no change of what it is."""
        await self.one(name)
        if not await self._deliveries.disable(name, reason):
            raise Trouble("not_found", "this subscription never ran; the role `delivery` has to run first")
        return await self.one(name)

    async def test(self, name: str) -> tuple[str, Attempt]:
        """(id of the event, what came of it)."""
        subscriber = await self._subscriber(name)
        async with Poster() as poster:
            return await send_test(poster, subscriber, self._now(), timeout=self._rules.timeout)

    async def replay(self, name: str, order: ReplayOrder) -> int:
        """How many events wait to be sent once more."""
        entry, now = await self.one(name), self._now()
        matches = matcher_of(entry.terms, trial=self._rules.trial)
        if order.event is not None:
            found = await self._deliveries.replay_event(name, order.event, matches, now)
            if not found:
                raise Trouble("not_found", "there is no such event, or not for this subscription")
            return 1
        window = Window(order.since or now, order.until or now)
        try:
            return await replay_window(self._deliveries, name, matches, now, window=window, most=MOST_REPLAYED)
        except TooMany:
            rule = (
                f"there are more than {MOST_REPLAYED} events in it; take a shorter window, or `stafett delivery replay`"
            )
            raise Trouble("invalid", f"body: {rule}") from None

    async def attempts(self, name: str, *, failed: bool, limit: int) -> list[Tried]:
        await self.one(name)
        return await self._deliveries.attempts(name, failed=failed, limit=limit)

    def _entry(self, row: SubscriptionRow, state: State | None) -> Entry:
        """One whose secrets were sealed with another deployment key is shown with none: it can be given a new one."""
        secrets = valid_secrets(self._secrets_of(row), self._now())
        return Entry(SubscriptionTerms.model_validate_json(row.body), len(secrets), state, row)

    def _secrets_of(self, row: SubscriptionRow) -> tuple[KeptSecret, ...]:
        try:
            return self._seal.open(row.name, row.secrets)
        except Unsealable:
            return ()

    async def _row(self, name: str) -> SubscriptionRow:
        if any(name == file.terms.name for file in self._of_file()):
            raise Trouble("of_the_file", "this subscription stands in subscriptions.yaml; change it there")
        if (row := await self._store.one(name)) is None:
            raise Trouble("not_found", "there is no such subscription")
        return row

    async def _write(self, row: SubscriptionRow) -> None:
        if not await self._store.change(row._replace(revision=row.revision + 1, changed_at=self._now())):
            raise Trouble("changed_meanwhile", "somebody else changed it at the same time")

    async def _subscriber(self, name: str) -> Subscriber:
        entry = await self.one(name)
        if entry.row is not None:
            return Subscriber(entry.terms, valid_secrets(self._secrets_of(entry.row), self._now()))
        if (subscriber := self._subscriber_of_file(name)) is None:
            raise Trouble("refused", "this process has not the secrets of the file; `stafett delivery test` has them")
        return subscriber

    def _check(self, terms: SubscriptionTerms) -> None:
        parts = urlsplit(terms.url)
        if parts.username is not None or parts.password is not None:
            raise Trouble("invalid", "body.url: has a user or a password, which are not sent; the signature proves us")
        if terms.allow_private and not self._rules.private_by_api:
            rule = "is for subscriptions of the file, unless STAFETT_DELIVERY_PRIVATE_BY_API is set"
            raise Trouble("invalid", f"body.allow_private: {rule}")

    def _secret(self, given: SecretStr | None) -> str:
        if given is None:
            return new_secret()
        if (rule := self._rules.secret_rule(given.get_secret_value())) is not None:
            raise Trouble("invalid", f"body.secret: {rule}")
        return given.get_secret_value()
