"""Routes on subscriptions: who gets events as webhooks. What they do is `services/delivery/desk.py`'s."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Path, Query

from schemas.api_keys import Scope
from schemas.http import (
    EVENT_ID,
    AttemptList,
    AttemptView,
    DeliveryTested,
    ReplayTaken,
    SecretMade,
    SubscriptionDetail,
    SubscriptionList,
    SubscriptionMade,
    SubscriptionState,
    SubscriptionView,
)
from schemas.json_values import JsonObject
from schemas.subscriptions import ReplayOrder, SecretChange, SubscriptionChange, SubscriptionOrder
from services.api.access import Access, Key, route
from services.api.views import Limit, storable
from services.door.problems import Trouble
from services.ports.deliveries import Attempt, State, Tried
from services.ports.subscriptions import Entry

READ: Scope = "subscriptions:read"
WRITE: Scope = "subscriptions:write"
Name = Annotated[str, Path(description="The subscription's name.", examples=["crm"], max_length=63)]
_MAKE = {
    "name": "crm",
    "url": "https://crm.example.com/hooks/stafett",
    "events": ["stafett.handover.*"],
    "rate": "10/s",
}
_WINDOW = {"from": "2026-11-24T09:00:00Z", "to": "2026-11-24T12:00:00Z"}


class Desk(Protocol):
    """What the routes ask for. Every method raises StoreUnavailable, and Trouble where it cannot be done."""

    async def all(self) -> list[Entry]: ...
    async def one(self, name: str) -> Entry: ...
    async def make(self, order: SubscriptionOrder, by: str) -> tuple[Entry, str]: ...
    async def change(self, name: str, change: SubscriptionChange) -> Entry: ...
    async def remove(self, name: str) -> None: ...
    async def rotate(self, name: str, change: SecretChange) -> tuple[str, datetime]: ...
    async def set_disabled(self, name: str, reason: str | None) -> Entry: ...
    async def test(self, name: str) -> tuple[str, Attempt]: ...
    async def replay(self, name: str, order: ReplayOrder) -> int: ...
    async def attempts(self, name: str, *, failed: bool, limit: int) -> list[Tried]: ...


def add_subscriptions(router: APIRouter, access: Access, desk: Desk) -> None:
    """Those that show, and those that change."""
    _add_reading(router, access, desk)
    _add_making(router, access, desk)
    _add_changing(router, access, desk)
    _add_sending(router, access, desk)


def _add_reading(router: APIRouter, access: Access, desk: Desk) -> None:
    @route(
        router,
        "/subscriptions",
        "refused",
        scope=READ,
        operation="listSubscriptions",
        tag="subscriptions",
        summary="List subscriptions",
    )
    async def subscriptions(key: Key = access.needs(READ)) -> SubscriptionList:
        """Those of subscriptions.yaml and those that were made here: what they get, how far they are, how their receivers
        are. Secrets are never shown."""
        _check_brands(key)
        return SubscriptionList(subscriptions=[_view(entry) for entry in await desk.all()])

    @route(
        router,
        "/subscriptions/{name}",
        "not_found",
        "refused",
        scope=READ,
        operation="getSubscription",
        tag="subscriptions",
        summary="Show a subscription",
    )
    async def subscription(name: Name, key: Key = access.needs(READ)) -> SubscriptionDetail:
        """What it gets, how far it is, how its receiver is."""
        _check_brands(key)
        return _detail(await desk.one(storable(name)))

    @route(
        router,
        "/subscriptions/{name}/attempts",
        "not_found",
        "refused",
        scope=READ,
        operation="listAttempts",
        tag="subscriptions",
        summary="List what was tried",
    )
    async def attempts(
        name: Name,
        key: Key = access.needs(READ),
        failed: Annotated[bool, Query(description="Only of events that were given up.", examples=[False])] = False,
        limit: Limit = 50,
    ) -> AttemptList:
        """The last tries, in the order of the feed: when, the status or the class of the error, how long."""
        _check_brands(key)
        found = await desk.attempts(storable(name), failed=failed, limit=limit)
        return AttemptList(attempts=[_attempt(tried) for tried in found])


def _add_making(router: APIRouter, access: Access, desk: Desk) -> None:
    @route(
        router,
        "/subscriptions",
        "refused",
        "taken",
        "of_the_file",
        "full",
        scope=WRITE,
        operation="makeSubscription",
        tag="subscriptions",
        method="POST",
        status_code=201,
        summary="Make a subscription",
        asks=_asks("What it gets, and where.", crm=_MAKE),
    )
    async def make(asked: SubscriptionOrder, key: Key = access.needs(WRITE)) -> SubscriptionMade:
        """It begins with the next event, within about a second. Its secret is in this answer and in no other."""
        _check_brands(key)
        entry, secret = await desk.make(asked, key.name)
        return SubscriptionMade(**_fields(entry), secret=secret)

    @route(
        router,
        "/subscriptions/{name}",
        "not_found",
        "refused",
        "of_the_file",
        "changed_meanwhile",
        scope=WRITE,
        operation="changeSubscription",
        tag="subscriptions",
        method="PATCH",
        summary="Change a subscription",
        asks=_asks("What changes; what is left out stays.", rate={"rate": "600/m"}),
    )
    async def change(name: Name, asked: SubscriptionChange, key: Key = access.needs(WRITE)) -> SubscriptionDetail:
        """Its place in the feed stays; events that are on their way are sent as it says then."""
        _check_brands(key)
        return _detail(await desk.change(storable(name), asked))

    @route(
        router,
        "/subscriptions/{name}",
        "not_found",
        "refused",
        "of_the_file",
        scope=WRITE,
        operation="deleteSubscription",
        tag="subscriptions",
        method="DELETE",
        status_code=204,
        response_description="It is gone.",
        summary="Delete a subscription",
    )
    async def delete(name: Name, key: Key = access.needs(WRITE)) -> None:
        """What waits for it is dropped. Disable it instead to keep its place."""
        _check_brands(key)
        await desk.remove(storable(name))


def _add_changing(router: APIRouter, access: Access, desk: Desk) -> None:
    @route(
        router,
        "/subscriptions/{name}/secrets",
        "not_found",
        "refused",
        "of_the_file",
        "changed_meanwhile",
        scope=WRITE,
        operation="changeSecret",
        tag="subscriptions",
        method="POST",
        status_code=201,
        summary="Give it a new secret",
        asks=_asks("How long the secrets of before go on signing.", day={"keep_old": "1d"}),
    )
    async def rotate(name: Name, asked: SecretChange, key: Key = access.needs(WRITE)) -> SecretMade:
        """The new one signs first; those of before are sent along for `keep_old` (a day), so that the receiver has time to
        learn it. It is in this answer and in no other."""
        _check_brands(key)
        secret, until = await desk.rotate(storable(name), asked)
        return SecretMade(secret=secret, old_until=until)

    @route(
        router,
        "/subscriptions/{name}/enable",
        "not_found",
        "refused",
        scope=WRITE,
        operation="enableSubscription",
        tag="subscriptions",
        method="POST",
        summary="Send again",
    )
    async def enable(name: Name, key: Key = access.needs(WRITE)) -> SubscriptionDetail:
        """Everything since, in each lead's order, beginning with what was tried before; also one of the file."""
        _check_brands(key)
        return _detail(await desk.set_disabled(storable(name), None))

    @route(
        router,
        "/subscriptions/{name}/disable",
        "not_found",
        "refused",
        scope=WRITE,
        operation="disableSubscription",
        tag="subscriptions",
        method="POST",
        summary="Send nothing",
    )
    async def disable(name: Name, key: Key = access.needs(WRITE)) -> SubscriptionDetail:
        """Until it is enabled; its place in the feed is kept. Also one of the file."""
        _check_brands(key)
        return _detail(await desk.set_disabled(storable(name), f"over the API, by {key.name}"))


def _add_sending(router: APIRouter, access: Access, desk: Desk) -> None:
    @route(
        router,
        "/subscriptions/{name}/test",
        "not_found",
        "refused",
        scope=WRITE,
        operation="testSubscription",
        tag="subscriptions",
        method="POST",
        summary="Send a test event",
    )
    async def test(name: Name, key: Key = access.needs(WRITE)) -> DeliveryTested:
        """One, now, signed and shaped as its events are, of type `stafett.delivery.tested.v1` and mode `test`; it is in no
        feed and among no attempts."""
        _check_brands(key)
        ident, attempt = await desk.test(storable(name))
        return DeliveryTested(
            event_id=ident,
            taken=attempt.status is not None and 200 <= attempt.status < 300,
            status=attempt.status,
            error=attempt.error,
            duration_ms=attempt.duration_ms,
        )

    @route(
        router,
        "/subscriptions/{name}/replay",
        "not_found",
        "refused",
        scope=WRITE,
        operation="replaySubscription",
        tag="subscriptions",
        method="POST",
        status_code=202,
        summary="Send events once more",
        asks=_asks("One event, or a window.", event={"event": EVENT_ID}, window=_WINDOW),
    )
    async def replay(name: Name, asked: ReplayOrder, key: Key = access.needs(WRITE)) -> ReplayTaken:
        """One event, or all that the feed got in a window and that the subscription gets. They wait with what comes new and
        have the ids that they had."""
        _check_brands(key)
        return ReplayTaken(events=await desk.replay(storable(name), asked))


def _asks(description: str, **examples: JsonObject) -> JsonObject:
    shown = {name: {"value": value} for name, value in examples.items()}
    return {"description": description, "content": {"application/json": {"examples": shown}}}


def _check_brands(key: Key) -> None:
    """Raises Trouble for a key that sees some brands alone."""
    if key.brands is not None:
        raise Trouble("refused", "a subscription gets the events of every brand, and this key sees those of some alone")


def _detail(entry: Entry) -> SubscriptionDetail:
    return SubscriptionDetail(**_fields(entry))


def _view(entry: Entry) -> SubscriptionView:
    return SubscriptionView(**_fields(entry))


def _fields(entry: Entry) -> JsonObject:
    written, row, state = entry.terms.model_dump(mode="json"), entry.row, entry.state
    return {name: written[name] for name in SubscriptionView.model_fields if name in written} | {
        "origin": "file" if row is None else "api",
        "secrets": entry.secrets,
        "made_by": row.made_by if row is not None else None,
        "created_at": row.created_at if row is not None else None,
        "changed_at": row.changed_at if row is not None else None,
        "state": SubscriptionState(**_state_fields(state)) if state is not None else None,
    }


def _state_fields(state: State) -> JsonObject:
    return {name: value for name, value in state._asdict().items() if name in SubscriptionState.model_fields}


def _attempt(tried: Tried) -> AttemptView:
    written = {name: value for name, value in tried._asdict().items() if name in AttemptView.model_fields}
    return AttemptView(**written, lead=tried.lead_id)
