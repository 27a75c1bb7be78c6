"""Combinations of settings that make no sense, each with the field, the rule and the likely fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from services.settings.tree import Settings
from services.settings.values import LOOPBACK


def broken_rules(settings: Settings) -> list[str]:
    """One line for each rule that these settings break; none where they can be used."""
    rules: list[Callable[[Settings], Iterator[str]]] = [_store_and_log, _relations, _sign_in]
    if settings.log.kind == "kafka":
        rules += [_protocol, _sasl, _tls, _replicas]
    return [line for rule in rules for line in rule(settings)]


def _store_and_log(settings: Settings) -> Iterator[str]:
    if settings.log.kind == "kafka" and settings.database_url.startswith("sqlite"):
        yield (
            "STAFETT_LOG_URL: Kafka needs a store that several processes can share, and SQLite is one file; "
            "set STAFETT_DATABASE_URL to a postgresql:// URL, or leave the log embedded:"
        )


def _relations(settings: Settings) -> Iterator[str]:
    if settings.router.inbox_retention < settings.kafka.retention:
        yield (
            "STAFETT_ROUTER_INBOX_RETENTION: is shorter than the log keeps records, so a repetition would not be "
            "recognised; make it at least STAFETT_KAFKA_RETENTION"
        )
    if settings.delivery.connect_timeout > settings.delivery.timeout:
        yield "STAFETT_DELIVERY_CONNECT_TIMEOUT: is longer than the whole attempt, STAFETT_DELIVERY_TIMEOUT; shorten it"
    if settings.router.source_dead_letters >= settings.router.dead_letter_budget:
        yield (
            "STAFETT_ROUTER_SOURCE_DEAD_LETTERS: one source alone would stop the router; make it smaller than "
            "STAFETT_ROUTER_DEAD_LETTER_BUDGET"
        )
    if settings.session.idle > settings.session.lifetime:
        yield "STAFETT_SESSION_IDLE: is longer than a session lives at all, STAFETT_SESSION_LIFETIME; shorten it"
    public = settings.http.public_url
    if public and (urlsplit(public).scheme not in {"http", "https"} or not urlsplit(public).hostname):
        yield "STAFETT_HTTP_PUBLIC_URL: is no http(s) URL; it should read https://leads.example.com"


def _sign_in(settings: Settings) -> Iterator[str]:
    oidc = settings.oidc
    if oidc.issuer is None:
        if oidc.client_id or oidc.client_secret or oidc.roles_claim:
            yield "STAFETT_OIDC_ISSUER: is not set, so nobody signs in with the provider that the other settings are for; set it"
        return
    if not (oidc.client_id and oidc.client_secret):
        yield "STAFETT_OIDC_CLIENT_ID: the provider wants it and STAFETT_OIDC_CLIENT_SECRET (or STAFETT_OIDC_CLIENT_SECRET_FILE)"
    url = urlsplit(oidc.issuer)
    if not url.hostname or (url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK)):
        yield "STAFETT_OIDC_ISSUER: is no https:// URL; who is on the line could sign in as anybody"
    public = urlsplit(settings.http.public_url or "")
    if public.scheme != "https" or not public.hostname:
        yield (
            "STAFETT_HTTP_PUBLIC_URL: people sign in, so it has to be the https:// URL at which their browsers find the page; "
            "put a proxy with TLS before it"
        )
    if public.path.strip("/") or public.query:
        yield "STAFETT_HTTP_PUBLIC_URL: the page has to be at the beginning of a host, https://leads.example.com, without a path"
    if "openid" not in oidc.scope.split():
        yield "STAFETT_OIDC_SCOPE: `openid` has to be among it"


def _protocol(settings: Settings) -> Iterator[str]:
    said, scheme = settings.kafka.security_protocol, settings.log.protocol
    if said and scheme and said != scheme:
        yield (
            f"STAFETT_KAFKA_SECURITY_PROTOCOL: is {said}, but the scheme of STAFETT_LOG_URL means {scheme}; "
            "remove one of them (kafka:// leaves it open)"
        )


def _sasl(settings: Settings) -> Iterator[str]:
    kafka = settings.kafka
    mechanism = kafka.sasl_mechanism
    if not settings.security_protocol.startswith("SASL"):
        if mechanism or kafka.username or kafka.password:
            yield (
                f"STAFETT_KAFKA_SASL_MECHANISM: SASL is not spoken over {settings.security_protocol}; "
                "set STAFETT_KAFKA_SECURITY_PROTOCOL to SASL_SSL"
            )
    elif mechanism is None:
        yield "STAFETT_KAFKA_SASL_MECHANISM: is needed with a SASL protocol; PLAIN, SCRAM-SHA-512, ... as the brokers offer"
    elif mechanism == "OAUTHBEARER":
        yield from _oauth(settings)
    elif not (kafka.username and kafka.password):
        yield f"STAFETT_KAFKA_USERNAME: {mechanism} needs it and STAFETT_KAFKA_PASSWORD (or STAFETT_KAFKA_PASSWORD_FILE)"


def _oauth(settings: Settings) -> Iterator[str]:
    kafka = settings.kafka
    if bool(kafka.oauth_token_path) == bool(kafka.oauth_token_url):
        yield "STAFETT_KAFKA_OAUTH_TOKEN_URL: OAUTHBEARER needs either it or STAFETT_KAFKA_OAUTH_TOKEN_PATH, one of the two"
    if kafka.oauth_token_url is None:
        return
    if not (kafka.oauth_client_id and kafka.oauth_client_secret):
        yield "STAFETT_KAFKA_OAUTH_CLIENT_ID: the token endpoint needs it and STAFETT_KAFKA_OAUTH_CLIENT_SECRET(_FILE)"
    url = urlsplit(kafka.oauth_token_url)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
        yield "STAFETT_KAFKA_OAUTH_TOKEN_URL: the client secret would travel in clear; use an https:// URL"


def _tls(settings: Settings) -> Iterator[str]:
    kafka = settings.kafka
    files = {"CA_FILE": kafka.ca_file, "CERT_FILE": kafka.cert_file, "KEY_FILE": kafka.key_file}
    if not settings.security_protocol.endswith("SSL"):
        if any(files.values()):
            yield (
                f"STAFETT_KAFKA_CA_FILE: there is no TLS over {settings.security_protocol}; "
                "set STAFETT_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL, or remove the certificates"
            )
        return
    if bool(kafka.cert_file) != bool(kafka.key_file):
        yield "STAFETT_KAFKA_CERT_FILE: a certificate needs its key and a key its certificate, STAFETT_KAFKA_KEY_FILE"
    for name, path in files.items():
        if path is not None and not settings.path(path).is_file():
            yield f"STAFETT_KAFKA_{name}: there is no file {settings.path(path)}; mount it, or correct the path"


def _replicas(settings: Settings) -> Iterator[str]:
    kafka = settings.kafka
    if kafka.min_insync_replicas > kafka.replication_factor:
        yield (
            f"STAFETT_KAFKA_MIN_INSYNC_REPLICAS: {kafka.min_insync_replicas} copies can never be in sync where there are "
            f"{kafka.replication_factor}; lower it, or raise STAFETT_KAFKA_REPLICATION_FACTOR"
        )
