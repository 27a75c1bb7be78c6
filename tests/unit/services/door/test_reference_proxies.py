"""deploy/nginx.conf and deploy/Caddyfile have the bounds of our own door: whoever changes one of them finds the other (H1)."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
import uvicorn

from schemas.sources import Source
from services.api.feed import MAX_WAIT
from services.door.bounds import Bounds
from services.settings.reading import load

DEPLOY = Path(__file__).parents[4] / "deploy"
NGINX, CADDY = ((DEPLOY / name).read_text() for name in ("nginx.conf", "Caddyfile"))
UNITS = {"": 1, "k": 1024, "m": 1024**2, "KiB": 1024, "MiB": 1024**2, "s": 1, "r/s": 1}
SOURCE = Source(name="web", kind="form", verify={"scheme": "none"})
IDLE = uvicorn.Config("app").timeout_keep_alive
"""Seconds after which our door closes a connection that is idle."""


def amounts(text, name):
    """The numbers that stand behind a name in a configuration, each in bytes, seconds or a count."""
    line = re.search(rf"^\s*{name}\s([^#\n]*)", text, re.MULTILINE)
    assert line, name
    return [float(number) * UNITS[unit] for number, unit in re.findall(r"(?<![\w.])(\d+)([a-zA-Z/]*)", line[1])]


def nginx(bounds):
    """(what, there, as it has to be) of each bound."""
    count, line = amounts(NGINX, "large_client_header_buffers")
    (connections,) = amounts(NGINX, "limit_conn stafett_connections")
    yield "line", line, bounds.line
    yield "head", count * line, bounds.head
    yield "head_seconds", amounts(NGINX, "client_header_timeout"), [bounds.head_seconds]
    yield "body_seconds", amounts(NGINX, "client_body_timeout"), [bounds.body_seconds]
    yield "per_address", connections, bounds.per_address
    yield "connections", amounts(NGINX, "worker_connections"), [4 * bounds.connections]
    yield "descriptors", amounts(NGINX, "worker_rlimit_nofile")[0] >= 2 * amounts(NGINX, "worker_connections")[0], True
    yield "max_body", amounts(NGINX, "client_max_body_size"), [SOURCE.max_body]
    yield "API's max_body", amounts(NGINX, "client_max_body_size"), [load({}).http.max_body]
    yield "rate", re.findall(r"rate=(\d+)r/s", NGINX), [f"{SOURCE.rate:g}"]
    yield "burst", set(re.findall(r"burst=(\d+) nodelay", NGINX)), {str(SOURCE.burst)}
    yield "waiting for news", amounts(NGINX, "proxy_read_timeout")[0] > MAX_WAIT, True
    # Of the two the second is upstream's: whoever is idle there is let go before our door does it.
    yield "idle upstream", re.findall(r"keepalive_timeout (\d+)s", NGINX)[1], str(IDLE - 1)


def caddy(bounds):
    yield "head", amounts(CADDY, "max_header_size"), [bounds.head]
    yield "head_seconds", amounts(CADDY, "read_header"), [bounds.head_seconds]
    yield "body_seconds", amounts(CADDY, "read_body"), [bounds.head_seconds + bounds.body_seconds]
    yield "max_body", amounts(CADDY, "max_size"), [SOURCE.max_body]
    yield "max_body said", re.findall(r"> (\d+)`", CADDY), [str(SOURCE.max_body)]
    yield "waiting for news", amounts(CADDY, "response_header_timeout")[0] > MAX_WAIT, True
    yield "idle upstream", amounts(CADDY, "keepalive"), [IDLE - 1]


def differences(file, bounds):
    return {what for what, there, wanted in file(bounds) if there != wanted}


@pytest.mark.parametrize("file", [nginx, caddy])
def test_h1_the_proxies_have_the_bounds_of_our_own_door(file):
    assert differences(file, Bounds()) == set()


OWN = {
    nginx: {"headers", "bodies", "small"},
    caddy: {"line", "headers", "bodies", "small", "connections", "per_address"},
}
"""What a proxy does not bound, and our own door does; the files say so."""


@pytest.mark.parametrize("name", Bounds._fields)
@pytest.mark.parametrize("file", [nginx, caddy])
def test_h1_a_bound_that_is_changed_here_is_found_there(file, name):
    changed = Bounds()._replace(**{name: getattr(Bounds(), name) * 2})
    found = differences(file, changed)
    assert (name in found) is (name not in OWN[file]), found


@pytest.mark.parametrize("text", [NGINX, CADDY])
def test_h1_the_settings_that_the_files_name_are_the_ones_that_they_need(text):
    http = load(dict(re.findall(r"(STAFETT_HTTP_[A-Z_]+)=(\S+)", text))).http
    assert f"{http.host}:{http.port}" in text
    assert http.trusted_proxies == (ip_network("127.0.0.1/32"),)
    assert http.public_url == "https://leads.example.com"
