"""The tree of settings. Each field's `description` is its documentation, printed by `stafett settings`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SecretStr,
    field_validator,
)

from services.settings.deployment_key import key_bytes
from services.settings.people import OidcSettings, SessionSettings
from services.settings.urls import LogTarget, SecurityProtocol, database_url, log_target
from services.settings.values import Count, Duration, Networks, Port, Tree


class KafkaSettings(Tree):
    """Used only where `log_url` is a Kafka one."""

    security_protocol: SecurityProtocol | None = Field(
        None, description="As Kafka names it; PLAINTEXT where the scheme of STAFETT_LOG_URL says nothing else."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None, description="Needed with a SASL protocol."
    )
    username: str | None = Field(None, description="SASL user of PLAIN and SCRAM.")
    password: SecretStr | None = Field(None, description="SASL password of PLAIN and SCRAM.")
    ca_file: Path | None = Field(
        None,
        description="Authorities that may have signed the brokers' certificates, PEM; the machine's own where absent.",
    )
    cert_file: Path | None = Field(None, description="Our certificate (chain), PEM, for mutual TLS.")
    key_file: Path | None = Field(None, description="The private key of our certificate, PEM.")
    key_password: SecretStr | None = Field(None, description="Password of the private key.")
    oauth_token_path: Path | None = Field(
        None, description="OAUTHBEARER: a file that always holds a valid token; read at each connection."
    )
    oauth_token_url: str | None = Field(
        None, description="OAUTHBEARER: token endpoint for the client credentials grant; https, or http on this host."
    )
    oauth_client_id: str | None = Field(None, description="OAUTHBEARER: client id for the token endpoint.")
    oauth_client_secret: SecretStr | None = Field(
        None, description="OAUTHBEARER: client secret for the token endpoint."
    )
    oauth_scope: str | None = Field(None, description="OAUTHBEARER: scope to ask for, if the endpoint wants one.")
    topic_prefix: str = Field(
        "stafett",
        pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$",
        description="First part of the names of topics and groups: PREFIX.signals.v1.",
    )
    partitions: Count = Field(
        24, description="Partitions of every topic. Never change it later: keys would move and lose their order."
    )
    replication_factor: Count = Field(3, description="Copies of every partition.")
    min_insync_replicas: Count = Field(2, description="Copies that must have a record before it counts as written.")
    retention: Duration = Field(
        timedelta(days=7),
        description="How long the topics keep records; also the longest outage of ours that loses nothing.",
    )
    seal: bool = Field(
        True,
        description="Whether what is personal is sealed on topics, with keys that the store keeps and an erasure throws away. `false` "
        "for consumers that cannot open it (docs/data-team.md): what is on topics is then there until their retention.",
    )
    seal_period: Duration = Field(
        timedelta(minutes=10),
        description="How long one key seals the signals that come in. An erasure on Kafka is complete once its period, a fifth of it "
        "more, and what routers are behind has passed.",
    )
    request_timeout: Duration = Field(
        timedelta(seconds=3), description="After it an append has failed; ingest then spools."
    )
    session_timeout: Duration = Field(
        timedelta(seconds=10), description="Silence after which the group gives our partitions to others."
    )
    stall: Duration = Field(
        timedelta(seconds=5),
        description="A consumer that gets nothing for so long asks whether its partitions grow; it is made again where they did the "
        "last time it asked, or where nobody answers within the request timeout.",
    )
    in_flight: Count = Field(1000, description="Records that one process may have on their way; further appends wait.")


class FileSettings(Tree):
    """Files that people write. Relative paths start at `config_folder`."""

    agreement: Path = Field(Path("agreement.yaml"), description="The agreement between marketing and sales.")
    roster: Path = Field(Path("roster.yaml"), description="Who takes leads: people, pools, absences.")
    sources: Path = Field(Path("sources.yaml"), description="Who may send us signals and how they sign.")
    subscriptions: Path = Field(Path("subscriptions.yaml"), description="Who gets our events as webhooks.")
    alerts: Path = Field(
        Path("alerts.yaml"), description="Who is told of warnings and breaches, and by which channels."
    )
    sinks: Path = Field(Path("sinks.yaml"), description="Which CRMs hand-overs are written into, and how.")
    api_keys: Path = Field(
        Path("api_keys.yaml"), description="Digests of the keys of our own API, with what they may do."
    )


class HttpSettings(Tree):
    """The listening socket of ingest, the API and the console."""

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 in a container.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8080, description="Port to listen on; 0 for one that is free, which `up` prints."
    )
    public_url: str | None = Field(
        None, description="Base URL as the outside sees it, for links and for schemes that sign the URL."
    )
    trusted_proxies: Networks = Field(
        (), description="Networks whose X-Forwarded-For is believed, separated by commas."
    )
    max_body: Count = Field(
        1_048_576,
        description="Largest body of a request to the API, bytes; beyond it 413. Sources have a `max_body` of their own.",
    )
    docs: bool | None = Field(
        None,
        description="Whether /docs and /openapi.json are shown; where absent, on a loopback address without a public URL only.",
    )
    max_head: Annotated[int, Field(ge=4096, le=1_048_576)] = Field(
        65_536, description="Largest head of a request (its line and its headers), bytes; beyond it 431."
    )
    max_line: Annotated[int, Field(ge=1024, le=1_048_576)] = Field(
        16_384, description="Longest header, or request line, bytes; beyond it 431."
    )
    max_headers: Annotated[int, Field(ge=20, le=10_000)] = Field(
        100, description="Headers of a request; beyond it 431."
    )
    head_timeout: Duration = Field(
        timedelta(seconds=10), description="For a head to arrive; a connection that says nothing is closed then."
    )
    body_timeout: Duration = Field(
        timedelta(seconds=10),
        description="For a body to arrive, on every route, before its key is looked at; beyond it 408.",
    )
    max_connections: Count = Field(
        1000,
        description="Connections open at a time, fewer where the process has not the descriptors (128 are kept for others). At "
        "the ceiling the one that is silent for longest makes room.",
    )
    max_connections_per_address: Count = Field(
        250, description="Of them, from one IPv4 address or IPv6 /64. Trusted proxies have no such bound."
    )
    max_bodies: Count = Field(
        134_217_728,
        description="Bytes of all bodies in flight, the first 64 KiB of each not counted; beyond it 503. One client has a quarter.",
    )


class RouterSettings(Tree):
    """The one writer of leads."""

    batch_max: Count = Field(500, le=5000, description="Signals in one transaction at most.")
    batch_wait: Duration = Field(
        timedelta(milliseconds=30),
        description="Pause after a small batch, so that the next is larger; adds to the age at commit.",
    )
    dead_letter_budget: Count = Field(
        100, description="Dead letters in an hour after which the router stops and says so."
    )
    source_dead_letters: Count = Field(
        25,
        description="Dead letters of one source in an hour beyond which a source with proof takes no more (503), until they are "
        "redriven, dropped or older; the router counts no more of it towards its budget.",
    )
    inbox_retention: Duration = Field(
        timedelta(days=35),
        description="How long a signal's id is remembered to recognise a repetition; longer than the log's retention, and "
        "than the 30 days for which a body without an id of its own is the same fact.",
    )


class RelaySettings(Tree):
    """Outbox to topics, spool to log."""

    lease_ttl: Duration = Field(
        timedelta(seconds=10), description="A relay that is silent for so long is replaced by another."
    )
    poll: Duration = Field(
        timedelta(milliseconds=100),
        description="Pause between looks at an empty outbox; a router in the same process wakes it at once.",
    )
    batch_max: Count = Field(1000, description="Events published and moved in one step at most.")


class SlaSettings(Tree):
    """The watcher of due instants."""

    grace: Duration = Field(
        timedelta(seconds=2),
        description="How long a due clock waits for the router to reach the log's end before it counts as due anyway.",
    )
    sweep: Duration = Field(timedelta(seconds=1), description="Longest pause between two looks at the due clocks.")
    batch_max: Count = Field(500, description="Due clocks noticed in one sweep at most.")


class TracesSettings(Tree):
    """Where the way of webhooks through the processes is told, as spans of OpenTelemetry."""

    url: str | None = Field(
        None,
        description="A collector that takes OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; nothing is traced where it is not "
        "set. Needs `pip install 'stafett[traces]'`.",
    )
    share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="How many of all traces are kept, from 0 to 1, whatever their senders say."
    )


class RetentionSettings(Tree):
    """How long what is no record of decisions is kept; history and events stay."""

    every: Duration = Field(timedelta(hours=1), description="Pause between two rounds of removing what is too old.")
    quarantine: Duration = Field(
        timedelta(days=90), description="Bodies that could not be understood; they hold personal data."
    )
    dead_letters: Duration = Field(timedelta(days=90), description="Dead letters that were redriven or dropped.")
    withdrawals: Duration = Field(
        timedelta(days=1095),
        description="What somebody unknown withdrew, by digests of their address or number.",
    )
    deliveries: Duration = Field(
        timedelta(days=30), description="Deliveries that are over, with their attempts; steps of sinks with them."
    )
    audit: Duration = Field(timedelta(days=400), description="Who saw and changed what over the API and the page.")
    leads_unqualified: Duration | None = Field(
        None, description="Idle leads that never came to sales expire after so long; never where it is not set."
    )
    leads_unsubscribed: Duration | None = Field(
        None, description="The same of idle leads that want no mail or no contact."
    )
    leads_lost: Duration | None = Field(
        None, description="The same of idle leads that were with sales once and came back."
    )
    incidents: Duration = Field(
        timedelta(days=90),
        description="Incidents that are over; also what was told, and what could not be told so long.",
    )


class QuarantineSettings(Tree):
    """How much may wait in quarantine; beyond it a delivery of which something would be set aside is answered 429."""

    max_bytes: Count = Field(
        1_073_741_824, description="Bytes of all bodies; those of senders without proof have half of it."
    )
    max_entries: Count = Field(100_000, description="Entries in all; those of senders without proof have half of it.")
    source_bytes: Count = Field(268_435_456, description="Bytes of the bodies of one source.")
    source_entries: Count = Field(20_000, description="Entries of one source.")


class DeliverySettings(Tree):
    """Signed webhooks and alerts to subscribers."""

    connect_timeout: Duration = Field(timedelta(seconds=5), description="To connect to a subscriber.")
    timeout: Duration = Field(timedelta(seconds=15), description="For a whole attempt.")
    concurrency: Count = Field(20, description="Attempts under way at a time, of one subscription.")
    private_by_api: bool = Field(
        False,
        description="Whether a subscription that is made over the API may say `allow_private`; one of the file always may.",
    )


class Settings(Tree):
    """All settings."""

    config_folder: Path = Field(
        Path(), description="Where relative paths of files start; `stafett new` makes such a folder."
    )
    mode: Literal["live", "observe"] = Field(
        "live",
        description="observe: the whole service is on trial. All is decided and recorded, nothing is delivered to those who "
        "did not ask for trials.",
    )
    database_url: str = Field(
        "sqlite:///./stafett.db",
        validate_default=True,
        repr=False,
        description="The store: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; HOST,HOST2 where there are standbys.",
    )
    log_url: str = Field(
        "embedded:",
        description="The log: embedded: (in the store) or kafka://HOST:9092,HOST2 (also kafka+ssl, kafka+sasl, kafka+sasl+ssl).",
    )
    deployment_key: SecretStr | None = Field(
        None,
        description="At least 32 bytes, hex, base64 or text; keys partitions and digests. The same in all processes, for ever.",
    )
    secrets: Mapping[str, SecretStr] = Field(
        {}, description="STAFETT_SECRET_NAME: secrets that files name, of sources and subscriptions for example."
    )
    spool_limit: Count = Field(100_000, description="Signals kept in the store while the log is away; beyond it 503.")
    shutdown_timeout: Duration = Field(timedelta(seconds=20), description="To finish what is in hand after SIGTERM.")
    clock_bound: Duration = Field(
        timedelta(minutes=5),
        description="How much this machine's clock may differ from the store's, which decides; beyond it router and watcher decide "
        "nothing, for one of the two is wrong by far.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least important log lines that are written."
    )
    log_format: Literal["json", "text"] = Field("json", description="One JSON object a line, or text for people.")
    metrics_port: Port | None = Field(
        None,
        description="Port of its own for /metrics, /healthz and /readyz, for roles without HTTP too; where absent, they are on the HTTP port.",
    )
    metrics_host: str | None = Field(
        None,
        description="Address of the port for metrics, where it is not STAFETT_HTTP_HOST; strangers should not reach it.",
    )
    kafka: KafkaSettings = KafkaSettings()
    files: FileSettings = FileSettings()
    http: HttpSettings = HttpSettings()
    session: SessionSettings = SessionSettings()
    oidc: OidcSettings = OidcSettings()
    router: RouterSettings = RouterSettings()
    relay: RelaySettings = RelaySettings()
    sla: SlaSettings = SlaSettings()
    delivery: DeliverySettings = DeliverySettings()
    retention: RetentionSettings = RetentionSettings()
    traces: TracesSettings = TracesSettings()
    quarantine: QuarantineSettings = QuarantineSettings()
    sources: Mapping[str, str] = Field(
        {}, exclude=True, repr=False, description="Where each value came from; not a setting."
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        return database_url(value)

    @field_validator("log_url")
    @classmethod
    def _log(cls, value: str) -> str:
        log_target(value)
        return value

    @field_validator("deployment_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key_bytes(value.get_secret_value())
        return value

    @property
    def log(self) -> LogTarget:
        """Where the log is."""
        return log_target(self.log_url)

    @property
    def security_protocol(self) -> SecurityProtocol:
        """What is spoken to the brokers."""
        return self.kafka.security_protocol or self.log.protocol or "PLAINTEXT"

    def path(self, file: Path) -> Path:
        """A path of `files`, from the config folder where it is relative."""
        return self.config_folder / file.expanduser()

    def topic(self, name: str) -> str:
        """The full name of a topic: `signals` is `stafett.signals.v1`."""
        return f"{self.kafka.topic_prefix}.{name}.v1"


def leaves(tree: type[Tree] = Settings, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """{path: FieldInfo} of every setting, in the order of the tree; `secrets` and `sources` are no single settings."""
    found: dict[tuple[str, ...], Any] = {}
    for name, field in tree.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Tree):
            found |= leaves(field.annotation, (*path, name))
        elif (*path, name) not in {("secrets",), ("sources",)}:
            found[*path, name] = field
    return found
