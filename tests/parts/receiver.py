"""A receiver of webhooks that takes everything, and what it got, held against the feed."""

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from schemas.events import EVENT_TYPES

TOPICS = ("leads", "handovers", "sla")
"""Whose events it is subscribed to."""


class Receiver:
    """Takes everything; `events` are (id, subject, sequence) in the order in which they came."""

    def __init__(self):
        self.events = events = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                events.append((event["id"], event["subject"], int(event["sequence"])))
                self.send_response(204)
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

    def subscription(self):
        """Its entry of `subscriptions.yaml`."""
        return {
            "name": "erp",
            "url": self.url,
            "events": list(TOPICS),
            "secrets": ["STAFETT_SECRET_CRM"],
            "allow_private": True,
        }

    def close(self):
        self._server.shutdown()
        self._server.server_close()


async def judge_receiver(receiver, feed, calm=60):
    """Findings about what it has beside the feed, once it has all of it, or once nothing more has come for so many seconds."""
    wanted = {event["id"] for event in feed if EVENT_TYPES[event["type"]].topic in TOPICS}
    count, since = -1, time.monotonic()
    while time.monotonic() - since < calm and not wanted <= {ident for ident, _, _ in receiver.events}:
        if len(receiver.events) != count:
            count, since = len(receiver.events), time.monotonic()
        await asyncio.sleep(0.5)
    return judge_events(receiver.events, wanted)


def judge_events(events, wanted):
    """All that is wanted came, and each subject's in order, but for what it had before."""
    seen, last, findings = set(), {}, []
    for ident, subject, sequence in events:
        if ident not in seen and last.get(subject, 0) >= sequence:
            findings.append(f"{subject}: {sequence} came after {last[subject]}")
        seen.add(ident)
        last[subject] = max(sequence, last.get(subject, 0))
    if missing := wanted - seen:
        findings.append(f"{len(missing)} events never came to the receiver")
    return findings
