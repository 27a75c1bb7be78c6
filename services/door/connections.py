"""Every open connection of one port: how many there may be, and which one has to go when another comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, Protocol

from services.door.bounds import Bounds
from services.door.proxies import Network, is_trusted, network_of

GRACE = 2.0
"""Seconds that the application has to answer that a body is late, before the connection is closed all the same."""
Part = Literal["head", "body"]
"""What of a request has not come yet."""


class Connection(Hashable, Protocol):
    """One of them."""

    def drop(self) -> None:
        """Closes it at once: another needs its place."""

    def expire(self, part: Part) -> None:
        """Closes it: this part of a request did not come in time."""


class Connections:
    """Who is silent goes first. At a ceiling the connection that has waited longest without a whole head makes room, then
    the one whose body is on its way for longest; one whose request is being answered never does. So however many connections
    strangers open and say nothing, whoever speaks is heard.

    A trusted proxy stands for many clients and has no ceiling of its own. Times are seconds of a monotonic clock.
    """

    def __init__(
        self, bounds: Bounds, trusted: Sequence[Network] = (), on_drop: Callable[[], object] = lambda: None
    ) -> None:
        self._bounds, self._trusted, self._on_drop = bounds, trusted, on_drop
        self._network: dict[Connection, str] = {}
        self._of_network: Counter[str] = Counter()
        # By when the rest has to be there. The time that each has is the same, so the first to come is the first to end.
        self._without_head: dict[Connection, float] = {}
        self._without_body: dict[Connection, float] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._network)

    def admit(self, connection: Connection, address: str, now: float) -> bool:
        """Whether it may stay; a silent one was dropped for it where need be."""
        network = "" if is_trusted(address, self._trusted) else network_of(address)
        if network and self._of_network[network] >= self._bounds.per_address and not self._make_room(network):
            return False
        if len(self) >= self._bounds.connections and not self._make_room():
            return False
        self._network[connection] = network
        self._of_network[network] += 1
        self.await_head(connection, now)
        return True

    def forget(self, connection: Connection) -> None:
        """It is closed. May be said more than once."""
        self.is_whole(connection)
        network = self._network.pop(connection, None)
        if network is not None:
            self._of_network[network] -= 1
            if not self._of_network[network]:
                del self._of_network[network]

    def await_head(self, connection: Connection, now: float) -> None:
        """It is idle, or a head begins."""
        self.is_whole(connection)
        if connection in self._network:
            self._without_head[connection] = now + self._bounds.head_seconds

    def await_body(self, connection: Connection, now: float) -> None:
        """Its head is there, and a body may follow."""
        self.is_whole(connection)
        if connection in self._network:
            self._without_body[connection] = now + self._bounds.body_seconds + GRACE

    def is_whole(self, connection: Connection) -> None:
        """Its request is there as a whole: it waits for us."""
        self._without_head.pop(connection, None)
        self._without_body.pop(connection, None)

    def shed(self, count: int) -> int:
        """Drops so many of those that wait, as descriptors are out; returns how many there were."""
        return sum(self._make_room() for _ in range(count))

    def expire(self, now: float) -> None:
        """Closes those whose time is over."""
        late: list[tuple[Connection, Part]] = [(c, "head") for c in _over(self._without_head, now)]
        late += [(c, "body") for c in _over(self._without_body, now)]
        for connection, part in late:
            self.is_whole(connection)
            connection.expire(part)

    def _make_room(self, network: str | None = None) -> bool:
        for waiting in (self._without_head, self._without_body):
            for connection in waiting:
                if network is None or self._network[connection] == network:
                    self.forget(connection)
                    connection.drop()
                    self.dropped += 1
                    self._on_drop()
                    return True
        return False


def _over(waiting: dict[Connection, float], now: float) -> list[Connection]:
    found = []
    for connection, until in waiting.items():
        if until > now:
            break
        found.append(connection)
    return found
