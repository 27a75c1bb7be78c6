"""`stafett demo`: the whole process in the terminal, on a temporary file, with targets of seconds."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64decode, b64encode
from hmac import compare_digest, digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import httpx

HELP = "Show the whole process on a temporary file: three leads, six stages, a breach."
QUICK = (
    ("offer_expires: 4h business\n  calendar: stockholm", "offer_expires: 60s elapsed"),
    (
        (
            "target: 24h elapsed\n      warnings: [4h elapsed, 1h elapsed]\n"
            "      ladder:\n        - {do: notify}\n        - {after: 4h elapsed, do: escalate}"
        ),
        (
            "target: 4s elapsed\n      warnings: [2s elapsed]\n"
            "      ladder:\n        - {do: notify}\n        - {after: 2s elapsed, do: escalate}"
        ),
    ),
)
"""(written, instead) in the example agreement, so that promises are broken within a demo."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("demo", description=HELP)
    parser.add_argument("--keep", action="store_true", help="leave the folder with its file behind")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 where all was shown."""
    folder = Path(tempfile.mkdtemp(prefix="stafett-demo-"))
    alone = Alone(folder / "demo")
    demo = Demo(alone)
    try:
        alone.start()
        demo.show()
        return 0
    finally:
        demo.close()
        alone.stop()
        if args.keep:
            print(f"\nkept: {folder}/demo")
        else:
            shutil.rmtree(folder, ignore_errors=True)


class Installation(Protocol):
    """Something that runs: its configuration, an API key, where it answers."""

    config: Path
    key: str
    url: str


class Alone:
    """A `stafett up` of its own: one process, one file."""

    def __init__(self, config: Path) -> None:
        from services.cli.new import run as new

        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            new(argparse.Namespace(folder=config))
        self.config, self.key = config, said.getvalue().split("only now: ")[1].split()[0]
        agreement = config / "agreement.yaml"
        text = agreement.read_text("utf-8")
        for written, quick in QUICK:
            if written not in text:
                raise RuntimeError(f"the example agreement does not say: {written}")
            text = text.replace(written, quick)
        agreement.write_text(text, "utf-8")
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers. Raises RuntimeError with what it said where it does not."""
        port = self.url.rpartition(":")[2]
        environment = {**os.environ, "STAFETT_HTTP_PORT": port, "STAFETT_LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-m", "services.cli.main", "up", "--config", str(self.config)]
        with (self.config / "up.log").open("wb") as out:
            self._process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)  # noqa: S603 - ours
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
                break  # it died; what it said is the reason
        raise RuntimeError((self.config / "up.log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)


class Demo:
    """The people who use an installation that is about to start, and what their systems receive."""

    def __init__(self, installation: Installation) -> None:
        self._key = installation.key
        lines = (line.partition("=") for line in (installation.config / ".env").read_text().splitlines())
        self._secret = {name: value for name, _, value in lines}["STAFETT_SECRET_CRM"]
        self._receiver = Receiver({"crm": "stafett.handover.*", "ops": "sla"})
        self._receiver.subscribe(installation.config)
        self._http = httpx.Client(base_url=installation.url, timeout=10)
        self._seen = self._count = 0

    def close(self) -> None:
        self._http.close()
        self._receiver.close()

    def show(self) -> None:
        """Three leads: one goes all the way, one is rejected, one is forgotten."""
        _say("Anna: from the target list to a customer")
        self._fact("Marketing puts Anna on the target list", fact="prospect.listed", email="anna@acme.example")
        self._fact("Marketing sends her a campaign", fact="email.sent", email="anna@acme.example", automated=True)
        self._form("Anna asks for a demo on the web site", "anna@acme.example", "Anna Ek")
        self._fact("Her salesperson accepts", fact="accepted", email="anna@acme.example")
        self._fact("... and calls her", fact="follow_up", email="anna@acme.example", activity_type="call", done=True)
        self._fact("The deal is won", fact="won", email="anna@acme.example", amount=125000, currency="SEK")
        _say("Bo: handed back with a reason")
        self._form("Bo asks for a demo", "bo@bolag.example", "Bo Berg")
        self._fact("Sales hands Bo back", fact="rejected", email="bo@bolag.example", reason="wrong timing")
        _say("Cia: accepted, then forgotten; the promise of this demo is a follow-up within 4 seconds")
        self._form("Cia asks for a demo", "cia@firma.example", "Cia Falk")
        self._fact("Her salesperson accepts, and does nothing", fact="accepted", email="cia@firma.example")
        self._wait_for("stafett.sla.escalated.v1")
        self._explain("anna@acme.example")
        _say("What the CRM and the ops team were sent meanwhile, as signed webhooks")
        for name, event in self._receiver.after_quiet(1.0):
            print(f"      {name}: {event['type'].removeprefix('stafett.'):28} {_gist(event['data'])}")

    def crowd(self, number: int) -> int:
        """One of many who send the same form, without a word; the HTTP status of the answer."""
        form = {"email": f"guest{number}@crowd.example", "form_id": "demo"}
        return self._http.post("/v1/hooks/web", data=form).status_code

    def follow(self, kind: str, count: int, seconds: float) -> list[str]:
        """Reads on, without a word, until `count` events of this kind came: the leads that they are about."""
        found: list[str] = []
        until = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < until:
            said = self._get("/v1/events", after=self._seen, limit=500, wait=1)
            self._seen = said["next"]
            found += [e["event"]["subject"] for e in said["events"] if e["event"]["type"] == kind]
        return found

    def _form(self, words: str, email: str, name: str) -> None:
        form = {"email": email, "name": name, "form_id": "demo", "message": "We want to see it."}
        self._sent(words, self._http.post("/v1/hooks/web", data=form))

    def _fact(self, words: str, **fact: Any) -> None:
        """Signed as Standard Webhooks has it."""
        self._count += 1
        body = json.dumps(fact | {"id": str(self._count)}).encode()
        ident, stamp = f"msg_{self._count}", str(int(time.time()))
        proof = digest(b64decode(self._secret.removeprefix("whsec_")), f"{ident}.{stamp}.".encode() + body, "sha256")
        headers = {
            "webhook-id": ident,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{b64encode(proof).decode()}",
            "content-type": "application/json",
        }
        self._sent(words, self._http.post("/v1/hooks/crm", content=body, headers=headers))

    def _sent(self, words: str, answer: httpx.Response) -> None:
        answer.raise_for_status()
        print(f"\n  {words}")
        self._events(wait=15)  # what one signal brings about comes together

    def _events(self, wait: int) -> list[str]:
        """Shown as they come; [] where none came within `wait` seconds."""
        said = self._get("/v1/events", after=self._seen, wait=wait)
        for entry in said["events"]:
            event = entry["event"]
            print(f"      {entry['position']:3} {event['type'].removeprefix('stafett.'):28} {_gist(event['data'])}")
            self._seen = entry["position"]
        return [entry["event"]["type"] for entry in said["events"]]

    def _wait_for(self, kind: str) -> None:
        until = time.monotonic() + 20
        while kind not in self._events(wait=1):
            if time.monotonic() > until:
                raise RuntimeError(f"{kind} did not come")

    def _explain(self, email: str) -> None:
        _say("Why was it Anna's salesperson? Every decision explains itself")
        lead = self._get("/v1/leads", email=email)["leads"][0]["id"]
        print(self._get(f"/v1/leads/{lead}/explain")["text"])

    def _get(self, path: str, **params: Any) -> Any:
        answer = self._http.get(path, params=params, headers={"Authorization": f"Bearer {self._key}"})
        answer.raise_for_status()
        return answer.json()


class Receiver:
    """A CRM and an ops team on this machine: they verify each delivery and keep it."""

    def __init__(self, events: dict[str, str]) -> None:
        self._got: list[tuple[str, dict[str, Any]]] = []
        self._came = threading.Condition()
        self._events = events
        self._secrets = {name: os.urandom(32) for name in events}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.take(self.path.strip("/"), dict(self.headers), body))
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base class
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def subscribe(self, folder: Path) -> None:
        """Writes the subscriptions of the demo."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        entries = [
            {"name": name, "url": f"{url}/{name}", "events": [events], "secrets": [f"STAFETT_SECRET_{name.upper()}_HOOK"],
             "allow_private": True}
            for name, events in self._events.items()
        ]  # fmt: skip
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

    def after_quiet(self, seconds: float) -> list[tuple[str, dict[str, Any]]]:
        """All that was received, as soon as nothing more has come for so long."""
        with self._came:
            while self._came.wait(seconds):
                pass
            return list(self._got)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _gist(data: dict[str, Any]) -> str:
    if "to_stage" in data and "from_stage" in data:
        return f"{data['from_stage']} -> {data['to_stage']} ({data['reason']})"
    owner = data.get("owner") or data.get("to_owner") or {}
    words = [owner.get("person"), data.get("policy"), data.get("track"), data.get("rule"), data.get("reason")]
    if "due_at" in data:
        words.append(f"due {data['due_at']}")
    return " · ".join(str(word) for word in words if word)


def _say(words: str) -> None:
    print(f"\n== {words}", flush=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
