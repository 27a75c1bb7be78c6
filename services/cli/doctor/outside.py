"""Whoever is reached from here, and where we are reached: names, ports and certificates. Nothing is sent but the greeting of TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from schemas.alert_channels import Channel, EmailChannel
from schemas.sources import FETCHED
from schemas.yamlfile import FileError
from services.bootstrap.alerting import alerts_of
from services.bootstrap.http import sources_of
from services.bootstrap.sinks_file import read_every_sink
from services.bootstrap.subscribers import terms_of
from services.cli.doctor.certificates import SOON
from services.cli.doctor.finding import Finding
from services.outbound.client import AddressRefused, address_of
from services.settings import Settings, SettingsError

PATIENCE = 5.0
"""Seconds for a name, a connection and a greeting."""
AT_ONCE = 10


class Place(NamedTuple):
    """Somebody's address, of a scheme that begins with TLS (https, smtps) or not (http, smtp); `allow_private` as their entry says."""

    about: str
    url: str
    allow_private: bool


async def examine_outside(settings: Settings) -> AsyncIterator[Finding]:
    """Tries all places, ten at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def examine(place: Place) -> Finding:
        async with turns:
            return await _examine_place(place)

    for finding in await asyncio.gather(*map(examine, _places(settings))):
        yield finding
    if settings.http.public_url is None:
        text = "STAFETT_HTTP_PUBLIC_URL is not set: links in messages lead nowhere, and schemes that sign the URL cannot be checked"
        yield Finding("public URL", "look", text, "set it to the address that senders and people use")


def _places(settings: Settings) -> Iterator[Place]:
    """What the files say; a file that cannot be read is told elsewhere."""
    if settings.http.public_url is not None:
        yield Place("public URL", settings.http.public_url, True)
    if settings.oidc.issuer is not None:
        yield Place("provider of sign-ins", settings.oidc.issuer, True)
    for places in (_vendors_of_sources, _subscriptions, _sinks, _channels):
        try:
            yield from places(settings)
        except (FileError, SettingsError):
            continue


def _subscriptions(settings: Settings) -> Iterator[Place]:
    return (Place(f"subscription {one.name}", one.url, one.allow_private) for one in terms_of(settings))


def _sinks(settings: Settings) -> Iterator[Place]:
    for one in read_every_sink(settings):
        if (url := str(getattr(one, "base_url", ""))).startswith("http"):
            yield Place(f"sink {one.name}", url, one.allow_private)


def _channels(settings: Settings) -> Iterator[Place]:
    for one in alerts_of(settings).channels:
        if (address := _address_of_channel(one)) is not None:
            yield Place(f"channel {one.name}", address, one.allow_private)


def _vendors_of_sources(settings: Settings) -> Iterator[Place]:
    """Those that are asked for what a webhook only names."""
    for name, configured in sources_of(settings).items():
        source = configured.source
        if source.fetch is not None and (url := source.fetch.base_url or FETCHED[source.kind]) is not None:
            yield Place(f"vendor of source {name}", url, source.fetch.allow_private)


def _address_of_channel(channel: Channel) -> str | None:
    """None where its kind has an address that is not configured, or that is a secret."""
    if isinstance(channel, EmailChannel):
        return f"smtp{'s' if channel.tls == 'tls' else ''}://{channel.host}:{channel.port}"
    url = str(getattr(channel, "url", ""))
    return url if url.startswith("http") else None


async def _examine_place(place: Place) -> Finding:
    parts = urlsplit(place.url)
    is_tls = parts.scheme in ("https", "smtps")
    host, port = parts.hostname or "", parts.port or (443 if is_tls else 80)
    try:
        async with asyncio.timeout(PATIENCE):
            address = await address_of(host, port, allow_private=place.allow_private)
            context = ssl.create_default_context() if is_tls else None
            _, writer = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=host if context is not None else None
            )
    except AddressRefused as error:
        return Finding(
            place.about, "wrong", f"{host}: {error}", "allow_private: true in its entry, where that is meant"
        )
    except ssl.SSLCertVerificationError as error:
        return Finding(
            place.about, "wrong", f"{host}: {error.verify_message}", "renew the certificate, or name the right host"
        )
    except TimeoutError:
        return Finding(
            place.about,
            "wrong",
            f"{host}:{port} does not answer within {PATIENCE:.0f} s",
            "look at firewalls and proxies",
        )
    except OSError as error:
        text = f"{host}:{port} cannot be reached: {error.strerror or type(error).__name__}"
        return Finding(place.about, "wrong", text, "look at the name, the port and the way there")
    try:
        return _certificate_finding(place, host, writer.get_extra_info("ssl_object"))
    finally:
        writer.close()


def _certificate_finding(place: Place, host: str, tls: ssl.SSLObject | None) -> Finding:
    certificate = tls.getpeercert() if tls is not None else None
    if not certificate:
        return Finding(place.about, "ok", f"{host} answers")
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    return lifetime_finding(place.about, host, until, datetime.now(UTC))


def lifetime_finding(about: str, host: str, until: datetime, now: datetime) -> Finding:
    """What the end of a certificate means now."""
    if until - now < SOON:
        return Finding(about, "look", f"{host} answers; its certificate ends on {until:%Y-%m-%d}", "renew it")
    return Finding(about, "ok", f"{host} answers; its certificate holds until {until:%Y-%m-%d}")
