"""How to reach Kafka: brokers, TLS and SASL from the settings, in aiokafka's words."""

from __future__ import annotations

import json
import ssl
import time

import httpx
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import OffsetAndMetadata

from schemas.json_values import JsonObject
from services.outbound.certificates import RenewedContext
from services.ports.rows import Reported
from services.settings import Settings


def client_options(settings: Settings) -> JsonObject:
    """Keyword arguments for every aiokafka client. Raises OSError and ssl.SSLError for files that cannot be used."""
    kafka, protocol = settings.kafka, settings.security_protocol
    options: JsonObject = {
        "bootstrap_servers": list(settings.log.brokers),
        "security_protocol": protocol,
        "client_id": "stafett",
    }
    if protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(settings)
    if protocol.startswith("SASL"):
        options["sasl_mechanism"] = kafka.sasl_mechanism
        if kafka.sasl_mechanism == "OAUTHBEARER":
            options["sasl_oauth_token_provider"] = Tokens(settings)
        else:
            options["sasl_plain_username"] = kafka.username
            options["sasl_plain_password"] = kafka.password.get_secret_value() if kafka.password else None
    return options


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Verifies brokers by name; shows our own certificate where one is set. Files that change are read again."""
    kafka = settings.kafka
    ca = settings.path(kafka.ca_file) if kafka.ca_file else None
    cert = settings.path(kafka.cert_file) if kafka.cert_file and kafka.key_file else None
    key = settings.path(kafka.key_file) if kafka.key_file else None
    # Without a password OpenSSL would ask for one on the terminal; an empty one is simply wrong.
    password = kafka.key_password.get_secret_value() if kafka.key_password else ""

    def build() -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=ca)
        if cert is not None:
            context.load_cert_chain(cert, key, password)
        return context

    return RenewedContext.of(build, [file for file in (ca, cert, key) if file is not None])


class Tokens(AbstractTokenProvider):
    """Bearer tokens: from a file that somebody keeps fresh, or by the client credentials grant (RFC 6749, 4.4)."""

    def __init__(self, settings: Settings) -> None:
        self._kafka = settings.kafka
        self._path = settings.path(settings.kafka.oauth_token_path) if settings.kafka.oauth_token_path else None
        self._kept: tuple[str, float] | None = None

    async def token(self) -> str:
        """Asked for at each connection. Raises OSError and nothing else: aiokafka tries again after that only."""
        if self._path is not None:
            return self._path.read_text("utf-8").strip()
        if self._kept is None or time.monotonic() >= self._kept[1]:
            try:
                self._kept = await self._fetch()
            except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
                raise ConnectionError(f"no token from the endpoint: {type(error).__name__}") from error
        return self._kept[0]

    async def _fetch(self) -> tuple[str, float]:
        kafka = self._kafka
        secret = kafka.oauth_client_secret.get_secret_value() if kafka.oauth_client_secret else ""
        form = {"grant_type": "client_credentials"} | ({"scope": kafka.oauth_scope} if kafka.oauth_scope else {})
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.post(
                kafka.oauth_token_url or "", data=form, auth=(kafka.oauth_client_id or "", secret)
            )
            answer.raise_for_status()
        said = answer.json()
        return str(said["access_token"]), time.monotonic() + 0.8 * float(said.get("expires_in", 300))


async def cluster_id(options: JsonObject) -> str:
    """Kafka's own name for the cluster. Raises KafkaError, OSError."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        described = await admin.describe_cluster()
        return str(described["cluster_id"])
    finally:
        await admin.close()


async def member_names(options: JsonObject, group: str) -> set[str]:
    """The client ids of a consumer group's members. Raises KafkaError, OSError."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        answers = await admin.describe_consumer_groups([group])
    finally:
        await admin.close()
    # (error, group, state, protocol type, protocol, members); a member is (member id, client id, ...).
    return {str(member[1]) for answer in answers for described in answer.groups for member in described[5]}


def report_of(offset: int, epoch: int | None, store: str) -> OffsetAndMetadata:
    """What is committed to a group: the offset, and beside it the epoch and the name of the store whose position it is."""
    return OffsetAndMetadata(offset, "" if epoch is None else json.dumps({"epoch": epoch, "store": store}))


async def reported_to(options: JsonObject, group: str, topic: str, store: str) -> dict[int, Reported]:
    """{partition: what members that read for this store told the group last}. Raises KafkaError, OSError."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        coordinator = await admin.find_coordinator(group)
        # Its own list_consumer_group_offsets looks at no error of the whole answer: one that was refused would say that nothing was told.
        answer = await admin._send_request(OffsetFetchRequest(group, None), coordinator)  # noqa: SLF001 - aiokafka gives no other way to the error
    finally:
        await admin.close()
    told = [place for name, places in answer.topics if name == topic for place in places]
    if code := next((code for code in (answer.error_code, *(place[3] for place in told)) if code), 0):
        raise for_code(code)
    return {
        partition: Reported(offset, epoch)
        for partition, offset, metadata, _ in told
        if (epoch := _epoch_in(metadata, store)) is not None
    }


def _epoch_in(metadata: str, store: str) -> int | None:
    """None where it is another store's, or was told by a version that names none."""
    try:
        said = json.loads(metadata)
        return int(said["epoch"]) if said["store"] == store else None
    except (ValueError, KeyError, TypeError):
        return None
