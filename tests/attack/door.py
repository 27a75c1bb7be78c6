"""Attacks on a running Stafett from a few addresses of this machine, and what others find meanwhile."""

import contextlib
import json
import resource
import socket
import sqlite3
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, Self

import httpx

from tests.attack.bodies import ROW, numbered_rows
from tests.e2e.test_up import Installed

ATTACKER, ASKING = "127.0.0.66", "127.0.0.5"
FORM = {"email": "anna@example.com", "form_id": "demo"}
SOURCES = """
version: 1
sources:
  - {name: web, kind: form, verify: {scheme: none}}
  - {name: own, kind: generic, verify: {scheme: none}, rate: 1000, burst: 1000}
  - {name: batches, kind: generic, verify: {scheme: token, header: x-token, secrets: [STAFETT_SECRET_BATCHES]}}
"""
SECRET = "a secret of some length"
MIB = 1024 * 1024
REQUEST = (
    b"POST /v1/hooks/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 35\r\n\r\n"
    b"email=anna@example.com&form_id=spam"
)
AT_ONCE, CONNECTIONS = 20, 8


class Seen(NamedTuple):
    """What happened: seconds that /healthz took at most, how often it was asked, and what else there is to say."""

    slowest: float
    asked: int
    figures: dict[str, object]

    def __str__(self) -> str:
        return f"/healthz at most {self.slowest * 1000:.0f} ms of {self.asked}; {self.figures}"


@contextlib.contextmanager
def attacked_stafett(folder, descriptors: int = 1024) -> Iterator[Installed]:
    """A Stafett with so many descriptors, until it is left."""
    made = Installed(folder)
    (made.folder / "sources.yaml").write_text(SOURCES)
    made.env["STAFETT_SECRET_BATCHES"] = SECRET
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
    try:
        made.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    try:
        yield made
    finally:
        made.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Watch:
    """Asks /healthz again and again from an address of its own, on a connection of its own each time."""

    def __init__(self, url: str) -> None:
        self._url, self._times, self._wrong = url, [], Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def result(self, **figures: object) -> Seen:
        assert not self._wrong, self._wrong
        return Seen(max(self._times), len(self._times), figures)

    def _ask(self) -> None:
        transport = httpx.HTTPTransport(local_address=ASKING)
        with httpx.Client(transport=transport, headers={"Connection": "close"}, timeout=10) as http:
            while not self._stop.wait(0.05):
                begun = time.monotonic()
                try:
                    status = http.get(f"{self._url}/healthz").status_code
                except httpx.HTTPError as error:
                    status = type(error).__name__
                self._times.append(time.monotonic() - begun)
                if status != 200:
                    self._wrong[status] += 1


def connections(made: Installed, count: int, beginning: bytes, seconds: float) -> Seen:
    """So many connections of one client that say this much and no more."""
    place, held = ("127.0.0.1", int(made.env["STAFETT_HTTP_PORT"])), []
    with Watch(made.url) as watch:
        until = time.monotonic() + seconds
        for _ in range(count):
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(place, 5, source_address=(ATTACKER, 0)))
                held[-1].sendall(beginning)
        taken = made.post(**FORM).status_code
        while time.monotonic() < until:
            time.sleep(0.1)
    for connection in held:
        connection.close()
    return watch.result(connections=len(held), form=taken)


def flood(made: Installed, seconds: float, rate: int = 500) -> Seen:
    """One client at ten times the rate of the source, and forms of others: each from an address of its own."""
    answers: Counter[int] = Counter()
    stop = threading.Event()

    def attack() -> None:
        place = ("127.0.0.1", int(made.env["STAFETT_HTTP_PORT"]))
        with socket.create_connection(place, 20, source_address=(ATTACKER, 0)) as connection:
            while not stop.is_set():
                begun = time.monotonic()
                connection.sendall(REQUEST * AT_ONCE)
                answer = b""
                while answer.count(b"HTTP/1.1 ") < AT_ONCE or not answer.endswith(b"}"):
                    answer += connection.recv(65_536)
                answers.update(int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:])
                stop.wait(max(0.0, CONNECTIONS * AT_ONCE / rate - (time.monotonic() - begun)))

    senders = [threading.Thread(target=attack) for _ in range(CONNECTIONS)]
    honest: Counter[int] = Counter()
    with Watch(made.url) as watch:
        for sender in senders:
            sender.start()
        until, number = time.monotonic() + seconds, 0
        # On a busy machine it takes the flood a while to be one.
        while time.monotonic() < until or (not answers[429] and time.monotonic() < until + 30):
            number += 1
            transport = httpx.HTTPTransport(local_address=f"127.1.{number // 200}.{number % 200 + 1}")
            with httpx.Client(transport=transport, timeout=20) as http:
                form = {**FORM, "email": f"a{number}@example.com"}
                honest[http.post(f"{made.url}/v1/hooks/web", data=form).status_code] += 1
            time.sleep(0.05)
        stop.set()
        for sender in senders:
            sender.join()
    return watch.result(honest=dict(honest), attacker=dict(answers))


def batches(made: Installed, seconds: float, clients: int = 2) -> Seen:
    """Proven clients that send a thousand rich events at once, again and again, beside one that sends a hundred now and then.
    The figures have the seconds at the median and the answers of both."""
    stop = threading.Event()
    times: dict[int, list[float]] = {1000: [], 100: []}
    answers: dict[int, Counter[int]] = {1000: Counter(), 100: Counter()}

    def send(number: int, events: int, wait: float) -> None:
        transport = httpx.HTTPTransport(local_address=f"127.2.0.{number}")
        headers = {"x-token": SECRET, "content-type": "application/json"}
        with httpx.Client(transport=transport, headers=headers, timeout=30) as http:
            while not stop.wait(wait):
                sent = len(times[events])
                rows = numbered_rows(events, lambda n, at=f"{number}-{sent}": {**ROW, "email": f"{at}@b{n}.example"})
                begun = time.monotonic()
                answers[events][http.post(f"{made.url}/v1/hooks/batches", content=json.dumps(rows)).status_code] += 1
                times[events].append(time.monotonic() - begun)

    senders = [threading.Thread(target=send, args=(number + 1, 1000, 0)) for number in range(clients)]
    senders.append(threading.Thread(target=send, args=(99, 100, 0.3)))
    with Watch(made.url) as watch:
        for sender in senders:
            sender.start()
        stop.wait(seconds)
        stop.set()
        for sender in senders:
            sender.join()
    medians = {f"median of {n}": f"{statistics.median(held):.1f} s" for n, held in times.items()}
    return watch.result(thousands=dict(answers[1000]), hundreds=dict(answers[100]), **medians)


def unreadable(made: Installed, count: int = 4) -> Seen:
    """Bodies of a mebibyte of which twenty parts each are understood by nobody."""
    answers: Counter[int] = Counter()
    with Watch(made.url) as watch, httpx.Client(timeout=30) as http:
        for number in range(count):
            parts = b",".join(b'{"x": 1, "n": %d}' % n for n in range(20))
            body = b'[%s, {"pad": "%d%s"}]' % (parts, number, b"a" * (MIB - 2000))
            answers[http.post(f"{made.url}/v1/hooks/own", content=body).status_code] += 1
    return watch.result(answers=dict(answers), stored=stored_bytes(made))


def stored_bytes(made: Installed) -> int:
    """Bytes of all bodies in quarantine."""
    with contextlib.closing(sqlite3.connect(made.folder / "stafett.db")) as database:
        return int(database.execute(BODIES).fetchone()[0] or 0)


BODIES = "SELECT sum(length(body)) FROM quarantine_bodies"
