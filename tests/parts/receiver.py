"""A receiver of webhooks that takes everything, and what it got, held against the feed."""

import asyncio
import hashlib
import hmac
import json
import threading
import time
from base64 import b64encode
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import httpx

from schemas.events import EVENT_TYPES

TOPICS = ("leads", "handovers", "sla")
"""Whose events it is subscribed to."""
NAME = "erp"
CALM = 8
"""Seconds without anything new after which deliveries have ended, once nothing waits for the receiver."""
LONGEST = 240
"""Seconds after which deliveries that have not ended are a finding."""


class Arrival(NamedTuple):
    """A webhook that came: `digest` of its bytes, `at` in monotonic seconds."""

    ident: str
    subject: str
    sequence: int
    digest: bytes
    at: float


class Receiver:
    """Takes everything that one of `keys` has signed, anything while there are none; `events` are in the order in which they came, and
    `unproven` counts what no key has signed."""

    def __init__(self):
        self.events: list[Arrival] = []
        self.keys: tuple[bytes, ...] = ()
        self.unproven = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if not receiver.proves(self.headers, body):
                    receiver.unproven += 1
                    self._answer(401)
                    return
                event = json.loads(body)
                digest = hashlib.sha256(body).digest()
                sequence = int(event["sequence"])
                receiver.events.append(Arrival(event["id"], event["subject"], sequence, digest, time.monotonic()))
                self._answer(204)

            def _answer(self, status):
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/in"

    def proves(self, headers, body):
        """Whether one of the signatures is by a key of ours."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        ours = {f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in self.keys}
        return not self.keys or bool(ours & set(headers["webhook-signature"].split(" ")))

    def subscription(self):
        """Its entry of `subscriptions.yaml`."""
        return {
            "name": NAME,
            "url": self.url,
            "events": list(TOPICS),
            "secrets": ["STAFETT_SECRET_CRM"],
            "allow_private": True,
        }

    def close(self):
        self._server.shutdown()
        self._server.server_close()


async def judge_receiver(fleet, feed, disturbances, lost=frozenset()):
    """Findings about what the fleet's receiver has beside the feed, once deliveries have ended. `disturbances` are (from, until) in
    monotonic seconds: what came then may come once more. `lost` are ids of events that need not be in the feed."""
    events = fleet.receiver.events
    waited = await wait_for_end(fleet, events)
    wanted = {event["id"] for event in feed if EVENT_TYPES[event["type"]].topic in TOPICS}
    print(f"at the receiver: {len(events)} deliveries of {len({event.ident for event in events})} events")
    return [*waited, *judge_events([event for event in events if event.ident not in lost], wanted, disturbances)]


async def wait_for_end(fleet, events):
    """Until the API says that the whole feed was looked at for the receiver and nothing waits, and nothing has come for `CALM`
    seconds. A finding where that never is."""
    begun = calm_since = time.monotonic()
    count, state, ended = -1, None, False
    headers = {"Authorization": f"Bearer {fleet.key}"}
    async with httpx.AsyncClient(base_url=fleet.url, headers=headers, timeout=60) as client:
        while not ended or time.monotonic() - calm_since < CALM:
            if time.monotonic() - begun > LONGEST:
                return [f"deliveries did not end within {LONGEST} s: {state}"]
            await asyncio.sleep(1)
            head = (await client.get("/v1/events", params={"after": 0, "limit": 1})).json()["head"]
            state = (await client.get(f"/v1/subscriptions/{NAME}")).json()["state"]
            ended = state is not None and state["position"] == head and not state["pending"]
            if len(events) != count or not ended:
                count, calm_since = len(events), time.monotonic()
    if state["failed"] or state["disabled"]:
        return [f"deliveries were given up: {state}"]
    return []


def judge_events(events, wanted, disturbances):
    """All that is wanted came and nothing else, each subject's in order; what came twice was under way at a disturbance and is the same
    to the byte."""
    arrivals, ids_at, last, findings = defaultdict(list), defaultdict(set), {}, []
    for event in events:
        if event.ident not in arrivals and last.get(event.subject, 0) >= event.sequence:
            findings.append(f"{event.subject}: {event.sequence} came after {last[event.subject]}")
        arrivals[event.ident].append(event)
        ids_at[event.subject, event.sequence].add(event.ident)
        last[event.subject] = max(event.sequence, last.get(event.subject, 0))
    if missing := wanted - arrivals.keys():
        findings.append(f"{len(missing)} events never came to the receiver")
    if strange := arrivals.keys() - wanted:
        findings.append(f"{len(strange)} events came to the receiver that the feed does not have: {min(strange)}")
    if two := [place for place, ids in ids_at.items() if len(ids) > 1]:
        findings.append(f"{len(two)} places of a subject came with two ids: {two[0]}")
    for same in arrivals.values():
        findings += _judge_repeats(same, disturbances)
    return findings


def _judge_repeats(same, disturbances):
    """Of one event."""
    first = same[0]
    if len(same) == 1:
        return []
    if any(other.digest != first.digest for other in same):
        return [f"{first.ident} came with two contents"]
    if not any(begun <= first.at <= until for begun, until in disturbances):
        return [f"{first.ident} came {len(same)} times, and nothing was done to the fleet when it first came"]
    return []
