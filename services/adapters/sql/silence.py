"""A server that says nothing, and a connection that is dead without a word: both are noticed within seconds.

Three nets, each for what the one before lets through. The sockets ask whether the other side is there (`services.outbound.sockets`), and
the server does the same, so that what a lost client has locked is free again. A statement has a bound at the server, which says so when
it is over. And it has one here, a second longer: who is silent beyond it is thrown away, with all that were opened before.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import MutableMapping
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from schemas.certain import certain
from schemas.json_values import JsonObject
from services.adapters.sql.bounds import Bounds
from services.outbound.sockets import IDLE_SECONDS, PROBE_SECONDS, PROBES, UNANSWERED_SECONDS, keepalive_options
from services.ports.errors import StoreTooSlow, StoreUnavailable

CONNECT_SECONDS = 5.0
PING_SECONDS = 3.0
"""For a connection of the pool to say that it is there."""
FAREWELL_SECONDS = 0.5
"""For a connection that is closed to say goodbye; one that is dead cannot."""


class Connection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """Asks whether the server is still there, and does not wait for the farewell of one that is not."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *more: Any) -> None:
        super().__init__(protocol, transport, *more)
        own = transport.get_extra_info("socket")
        if own is not None and own.family != socket.AF_UNIX:
            for option in keepalive_options():
                with contextlib.suppress(OSError):  # an old kernel knows fewer
                    own.setsockopt(*option)

    async def close(self, *, timeout: float | None = None) -> None:
        """Within FAREWELL_SECONDS, whatever is asked for; without a word then."""
        with contextlib.suppress(TimeoutError):
            await super().close(timeout=min(timeout or FAREWELL_SECONDS, FAREWELL_SECONDS))


def arguments_for(bounds: Bounds) -> JsonObject:
    """Keyword arguments of `asyncpg.connect`. The server's are of the session: they hold at a pooler that keeps sessions."""
    return {
        "connection_class": Connection,
        "command_timeout": bounds.answer,
        "timeout": CONNECT_SECONDS,
        "server_settings": {
            "application_name": "stafett",
            "idle_in_transaction_session_timeout": _milliseconds(bounds.abandoned),
            "lock_timeout": _milliseconds(bounds.lock),
            "statement_timeout": _milliseconds(bounds.statement),
            "tcp_keepalives_idle": str(IDLE_SECONDS),
            "tcp_keepalives_interval": str(PROBE_SECONDS),
            "tcp_keepalives_count": str(PROBES),
            "tcp_user_timeout": _milliseconds(UNANSWERED_SECONDS),
        },
    }


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


READ_ONLY = "25006"
"""SQLSTATE: the server takes no writes. Another one does by now, or will."""
_GIVEN_UP = "given up"
_END = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY($1::int[])
    AND usename = current_user AND application_name = 'stafett' AND state_change < now() - interval '1 second'"""
"""Only sessions of ours in which nothing moves: a number may be another's by now."""


def watch_for_silence(engine: AsyncEngine) -> None:
    """Of a connection that has not answered nothing more is asked, and those that were opened before it are not trusted: the
    way that one of them lost, the others have lost as well. The server's end of it is ended by the next connection: amid a statement
    that came in half, or a COPY, no bound of the server's holds, and what it has locked stays locked."""
    given_up: set[int] = set()

    @event.listens_for(engine.sync_engine, "connect")
    def end_given_up(connection: Any, record: Any) -> None:
        record.info[_GIVEN_UP] = given_up
        if given_up:
            driver = connection.driver_connection
            try:
                await_only(driver.fetch(_END, list(given_up)))
            except Exception as error:
                driver.terminate()
                raise StoreUnavailable(
                    f"a new connection to the store ended at once: {type(error).__name__}"
                ) from error
            given_up.clear()

    @event.listens_for(engine.sync_engine, "checkout")
    def prove_alive(connection: Any, record: Any, _: object) -> None:
        driver = connection.driver_connection
        if "proven" not in record.info:
            record.info["proven"] = True  # it was opened this moment
            return
        try:
            await_only(driver.execute(";", timeout=PING_SECONDS))
        except Exception as error:
            given_up.add(driver.get_server_pid())
            raise InvalidatePoolError from error

    @event.listens_for(engine.sync_engine, "handle_error")
    def give_up(context: ExceptionContext) -> StoreTooSlow | None:
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True  # all that were opened before lead to the server that takes no writes
            return None
        if not isinstance(context.original_exception, TimeoutError) or context.connection is None:
            return None
        driver = certain(context.connection.connection.driver_connection, "a connection that is open has one")
        given_up.add(driver.get_server_pid())
        context.is_disconnect = True
        return _silent_store()


def give_up_connection(driver: Any, info: MutableMapping[str, Any]) -> StoreTooSlow:
    """What is to be raised. `info` is that of the pool's record: for what asks the driver itself, of which the engine hears nothing."""
    info[_GIVEN_UP].add(driver.get_server_pid())
    driver.terminate()
    return _silent_store()


def _silent_store() -> StoreTooSlow:
    return StoreTooSlow("the store did not answer in time; the connection is given up")
