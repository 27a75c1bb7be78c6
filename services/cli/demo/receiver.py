"""A CRM and an ops team on this machine: they verify each delivery and keep it."""

from __future__ import annotations

import json
import os
import threading
from base64 import b64encode
from hmac import compare_digest, digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from schemas.json_values import JsonObject

OFFERED = "stafett.handover.offered.v1"


class Receiver:
    """`events` says what each of them subscribes to."""

    def __init__(self, events: dict[str, list[str]]) -> None:
        self._got: list[tuple[str, JsonObject]] = []
        self._came = threading.Condition()
        self._events = events
        self._secrets = {name: os.urandom(32) for name in events}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.take(self.path.strip("/"), dict(self.headers), body))
                self.end_headers()

            def log_message(self, *_: object, **__: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def subscribe(self, folder: Path) -> None:
        """Writes the subscriptions of the demo."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        entries = [
            {
                "name": name,
                "url": f"{url}/{name}",
                "events": events,
                "secrets": [f"STAFETT_SECRET_{name.upper()}_HOOK"],
                "allow_private": True,
            }
            for name, events in self._events.items()
        ]
        (folder / "subscriptions.yaml").write_text(json.dumps({"version": 1, "subscriptions": entries}))
        lines = [f"STAFETT_SECRET_{n.upper()}_HOOK=whsec_{b64encode(key).decode()}" for n, key in self._secrets.items()]
        with (folder / ".env").open("a") as env:
            env.write("\n".join(lines) + "\n")

    def take(self, name: str, headers: dict[str, str], body: bytes) -> int:
        """204 for what its signature proves, else 401."""
        given = {key.casefold(): value for key, value in headers.items()}
        signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + body
        proof = b64encode(digest(self._secrets[name], signed, "sha256")).decode()
        if not compare_digest(f"v1,{proof}", given["webhook-signature"]):
            return 401
        with self._came:
            self._got.append((name, json.loads(body)))
            self._came.notify_all()
        return 204

    def offer_to(self, email: str, seconds: float) -> JsonObject:
        """What the CRM was told when this person was offered. Raises RuntimeError where that does not come in time."""
        with self._came:
            if self._came.wait_for(lambda: self._offer(email) is not None, seconds) and (found := self._offer(email)):
                return found
        raise RuntimeError("the CRM was not told of a hand-over")

    def _offer(self, email: str) -> JsonObject | None:
        offers: list[JsonObject] = [event["data"] for _, event in self._got if event["type"] == OFFERED]
        return next((data for data in offers if data["personal"]["person"]["email"] == email), None)

    def wait_for_quiet(self, seconds: float) -> list[tuple[str, JsonObject]]:
        """All that was received, as soon as nothing more has come for so long."""
        with self._came:
            while self._came.wait(seconds):
                pass
            return list(self._got)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
