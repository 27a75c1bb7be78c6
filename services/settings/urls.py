"""The two URLs that choose the set-up: what schemes there are and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit, urlunsplit

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

DATABASE_SCHEMES = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
KAFKA_SCHEMES: dict[str, SecurityProtocol | None] = {
    "kafka": None,
    "kafka+ssl": "SSL",
    "kafka+sasl": "SASL_PLAINTEXT",
    "kafka+sasl+ssl": "SASL_SSL",
}
KAFKA_PORT = 9092
POSTGRES_PORT = 5432
_BROKER = re.compile(r"(?P<host>\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")


class LogTarget(NamedTuple):
    """Where the log is. `brokers` are `host:port`, none for the embedded log; `protocol` is what the scheme says."""

    kind: Literal["embedded", "kafka"]
    brokers: tuple[str, ...] = ()
    protocol: SecurityProtocol | None = None


def database_url(text: str) -> str:
    """The URL with the driver that we use. Raises ValueError for a scheme that there is no store for."""
    scheme, colon, rest = text.partition(":")
    driver = DATABASE_SCHEMES.get(scheme.lower())
    if not colon or driver is None:
        raise ValueError(f"unknown scheme {scheme!r}; use sqlite:///FILE or postgresql://USER@HOST/NAME")
    if driver.startswith("sqlite") and not rest.startswith("///"):
        raise ValueError("a SQLite URL has three slashes before a relative path and four before an absolute one")
    if driver.startswith("sqlite") and rest.lstrip("/") in {"", ":memory:"}:
        raise ValueError("the store has to survive a restart, so SQLite needs a file: sqlite:///./stafett.db")
    if broken := _broken_tls(dict(parse_qsl(urlsplit(rest).query))):
        raise ValueError(broken)
    return f"{driver}:{_spread_servers(rest)}"


def _spread_servers(rest: str) -> str:
    """Several servers as libpq writes them, `//USER@A:5432,B:5432/NAME`, in the words of the driver: one option `host` for each."""
    parts = urlsplit(rest)
    user, at, servers = parts.netloc.rpartition("@")
    if "," not in servers:
        return rest
    found = [_BROKER.fullmatch(server.strip()) for server in servers.split(",")]
    if not all(server and not server["host"].startswith("[") for server in found):
        raise ValueError("several servers are written HOST:PORT,HOST:PORT, by name or IPv4 address")
    options = [f"host={server['host']}:{server['port'] or POSTGRES_PORT}" for server in found if server]
    query = "&".join([*([parts.query] if parts.query else []), *options])
    return f"//{user}{at}{parts.path}?{query}"


def _broken_tls(options: Mapping[str, str]) -> str | None:
    """A certificate that would never be shown must not be dropped silently."""
    if "sslkey" in options and "sslcert" not in options:
        return "sslkey is the key of a certificate, and sslcert names none"
    if "sslcert" in options and options.get("sslmode") not in ("require", "verify-ca", "verify-full"):
        return "sslcert is shown over TLS only; say sslmode=verify-full (or verify-ca, or require)"
    return None


def without_password(url: str) -> str:
    """The same URL for people to read: passwords in it, among its options too, are three stars."""
    parts = urlsplit(url)
    options = "&".join(
        f"{name}=***" if value and "pass" in name.casefold() else f"{name}{equals}{value}"
        for name, equals, value in (option.partition("=") for option in parts.query.split("&"))
    )
    netloc = parts.netloc
    if parts.password is not None:
        user, _, host = netloc.rpartition("@")
        netloc = f"{user.partition(':')[0]}:***@{host}"
    return urlunsplit(parts._replace(netloc=netloc, query=options)) if (netloc, options) != parts[1:4:2] else url


def log_target(text: str) -> LogTarget:
    """Reads a log URL. Raises ValueError for an unknown scheme or a list of brokers that cannot be read."""
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme == "embedded" and colon and not rest.strip("/"):
        return LogTarget("embedded")
    if scheme not in KAFKA_SCHEMES or not rest.startswith("//"):
        raise ValueError(f"unknown scheme {scheme!r}; use embedded: or kafka://HOST:9092,HOST2:9092")
    if "@" in rest:
        raise ValueError(
            "no user in this URL, it would be printed; use STAFETT_KAFKA_USERNAME and STAFETT_KAFKA_PASSWORD_FILE"
        )
    brokers = tuple(_broker(part) for part in rest.removeprefix("//").rstrip("/").split(","))
    return LogTarget("kafka", brokers, KAFKA_SCHEMES[scheme])


def _broker(text: str) -> str:
    found = _BROKER.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no broker; it should read HOST or HOST:{KAFKA_PORT}")
    return f"{found['host']}:{found['port'] or KAFKA_PORT}"
