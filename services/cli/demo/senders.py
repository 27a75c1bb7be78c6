"""What platforms post: bodies of our own making in the vendors' shapes, each proved as that vendor does."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hmac import digest
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from schemas.json_values import JsonObject, JsonValue

REASON = "4c1f0a97be52d6038e7719c2a4d85b6f30e1927d"
"""The key by which Pipedrive's webhooks call a field of one's own; here, why a deal was handed back."""
ACCEPTED, HANDED_BACK = 2, 9
"""Stages of the demo's pipeline; that they mean an acceptance and a rejection is said to the source."""
OUR_USER = 9000
"""The user by whose API token the CRM is written to when a hand-over arrives."""
SOURCES = f"""
  - name: typeform
    kind: typeform
    verify: {{scheme: hmac, header: Typeform-Signature, prefix: "sha256=", encoding: base64, secrets: [STAFETT_SECRET_TYPEFORM]}}
    mapping: {{facts: {{form_id: form_response.hidden.form}}}}
  - name: mautic
    kind: mautic
    verify: {{scheme: hmac, header: Webhook-Signature, encoding: base64, secrets: [STAFETT_SECRET_MAUTIC]}}
  - name: pipedrive
    kind: pipedrive
    verify: {{scheme: basic, secrets: [STAFETT_SECRET_PIPEDRIVE]}}
    mapping: {{facts: {{reason: data.custom_fields.{REASON}.value}}}}
    sales:
      accepted: ["{ACCEPTED}"]
      rejected: ["{HANDED_BACK}"]
      follow_up_types: [call, email]
      our_users: ["{OUR_USER}"]
"""


class Post(NamedTuple):
    """A webhook: to which source, its body, its headers; `proof` says in a word how it shows who sent it."""

    source: str
    body: bytes
    headers: dict[str, str]
    proof: str


class Senders:
    """Writes its sources and secrets into the configuration of an installation that is about to start. `clock` is the senders' own."""

    def __init__(self, config: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        lines = (line.partition("=") for line in (config / ".env").read_text().splitlines())
        self._crm = {name: value for name, _, value in lines}["STAFETT_SECRET_CRM"]
        self._secrets = {name: secrets.token_hex(16) for name in ("typeform", "mautic")}
        self._secrets["pipedrive"] = f"stafett:{secrets.token_hex(16)}"
        with (config / "sources.yaml").open("a", encoding="utf-8") as sources:
            sources.write(SOURCES)
        with (config / ".env").open("a") as env:
            env.writelines(f"STAFETT_SECRET_{name.upper()}={value}\n" for name, value in self._secrets.items())

    def form(self, **fields: str) -> Post:
        """A form on the web site, as a browser posts it; nothing proves who sent it."""
        return Post(
            "web", urlencode(fields).encode(), {"content-type": "application/x-www-form-urlencoded"}, "not signed"
        )

    def fact(self, **fact: JsonValue) -> Post:
        """Our own JSON, for what no platform says; signed as Standard Webhooks has it."""
        ident, stamp = secrets.token_hex(8), str(int(self._clock().timestamp()))
        body = json.dumps(fact | {"id": ident}).encode()
        signed = f"msg_{ident}.{stamp}.".encode() + body
        proof = digest(b64decode(self._crm.removeprefix("whsec_")), signed, "sha256")
        headers = {
            "webhook-id": f"msg_{ident}",
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{b64encode(proof).decode()}",
            "content-type": "application/json",
        }
        return Post("crm", body, headers, "webhook-signature")

    def typeform(self, form: str, name: str, email: str, company: str, message: str) -> Post:
        """A response. Which form it was travels in a hidden field, for Typeform's own ids say nothing."""
        answers = (
            ("f1", "short_text", "What is your name?", {"type": "text", "text": name}),
            ("f2", "email", "Where do we reach you?", {"type": "email", "email": email}),
            ("f3", "short_text", "Company", {"type": "text", "text": company}),
            ("f4", "long_text", "What do you want to solve?", {"type": "text", "text": message}),
        )
        token = secrets.token_hex(16)
        response = {
            "form_id": "tQ7rLm2x",
            "token": token,
            "landed_at": stamp_of(self._clock()),
            "submitted_at": stamp_of(self._clock()),
            "hidden": {"form": form, "utm_source": "newsletter", "utm_campaign": "autumn"},
            "definition": {
                "id": "tQ7rLm2x",
                "title": "See it at work",
                "fields": [{"id": i, "type": kind, "title": title, "ref": i} for i, kind, title, _ in answers],
            },
            "answers": [said | {"field": {"id": i, "type": kind, "ref": i}} for i, kind, _, said in answers],
        }
        said = {"event_id": secrets.token_hex(13), "event_type": "form_response", "form_response": response}
        return self._signed_post("typeform", said, "Typeform-Signature", "sha256=")

    def mautic(self, **events: JsonObject) -> Post:
        """One POST with a row for each of the events."""
        stamp = stamp_of(self._clock())
        rows = {f"mautic.{name}": [row | {"timestamp": stamp}] for name, row in events.items()}
        return self._signed_post("mautic", rows, "Webhook-Signature", "")

    def pipedrive(self, event: JsonObject) -> Post:
        """Not signed: a user name and a password."""
        user = b64encode(self._secrets["pipedrive"].encode()).decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {user}"}
        return Post("pipedrive", json.dumps(event).encode(), headers, "HTTP Basic")

    def _signed_post(self, source: str, said: JsonObject, header: str, prefix: str) -> Post:
        body = json.dumps(said).encode()
        proof = b64encode(digest(self._secrets[source].encode(), body, "sha256")).decode()
        return Post(source, body, {"content-type": "application/json", header: prefix + proof}, header)


def contact(ident: int, name: str, email: str, company: str) -> JsonObject:
    """A contact as Mautic shows it, with its core fields."""
    first, _, last = name.partition(" ")
    values = {"firstname": first, "lastname": last, "email": email, "company": company}
    core = {
        alias: {
            "id": str(number),
            "label": alias.title(),
            "alias": alias,
            "type": "text",
            "group": "core",
            "value": said,
        }
        for number, (alias, said) in enumerate(values.items(), 2)
    }
    return {"id": ident, "points": 5, "fields": {"core": core, "social": {}}, "tags": []}


def stamp_of(at: datetime) -> str:
    """An instant as platforms write it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """This one."""
    return stamp_of(datetime.now(UTC))
