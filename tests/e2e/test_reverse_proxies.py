"""The real nginx and the real Caddy with the files of deploy/, before a running Stafett (H1)."""

import contextlib
import os
import signal
import socket
import ssl
import time

import httpx
import pytest

from tests.e2e.test_up import Installed
from tests.parts.reverse_proxies import Caddy, Nginx

FORM = {"email": "anna@example.com", "form_id": "demo"}
SOURCES = """
version: 1
sources:
  - {name: web, kind: form, verify: {scheme: none}}
  - {name: near, kind: form, verify: {scheme: none, networks: [127.0.0.7/32]}}
"""


@pytest.fixture(scope="module")
def stafett(tmp_path_factory):
    folder = tmp_path_factory.mktemp("behind") / "mine"
    made = Installed(folder)
    (folder / "sources.yaml").write_text(SOURCES)
    made.env |= {"STAFETT_HTTP_TRUSTED_PROXIES": "127.0.0.1/32", "STAFETT_HTTP_BODY_TIMEOUT": "2s"}
    made.env["STAFETT_HTTP_PUBLIC_URL"] = "https://leads.example.com"
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop(signal.SIGKILL)


def start_proxy(kind, stafett, folder, *more):
    return kind(folder, int(stafett.env["STAFETT_HTTP_PORT"]), *more).start()


@pytest.fixture(scope="module", params=[Nginx, Caddy], ids=["nginx", "caddy"])
def proxy(request, stafett, tmp_path_factory):
    made = start_proxy(request.param, stafett, tmp_path_factory.mktemp("proxy"))
    yield made
    made.close()


@pytest.fixture
def nginx_with_addresses(stafett, tmp_path):
    """The client's address is what the test says it is."""
    made = start_proxy(
        Nginx, stafett, tmp_path, "set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address; keepalive_requests 5000;"
    )
    yield made
    made.close()


def connection_to(proxy, address="127.0.0.1"):
    plain = socket.create_connection(("127.0.0.1", proxy.port), 20, source_address=(address, 0))
    return proxy.tls.wrap_socket(plain, server_hostname="127.0.0.1")


def answer_of(connection, within=20):
    """The status and the whole answer; (0, b"") where the connection is closed without one."""
    connection.settimeout(within)
    answer = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while part := connection.recv(65_536):
            answer += part
    return (int(answer.split()[1]), answer) if answer else (0, answer)


def ask(proxy, request, address="127.0.0.1"):
    with connection_to(proxy, address) as connection:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            connection.sendall(request)
        return answer_of(connection)


def form(path="/v1/hooks/web", more=b"", body=b"email=anna@example.com&form_id=demo"):
    return (
        b"POST %s HTTP/1.1\r\nHost: leads.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n%s\r\n%s" % (path.encode(), len(body), more, body)
    )


def test_h1_a_form_passes_over_http_1_and_http_2(proxy):
    assert ask(proxy, form())[0] == 202
    with httpx.Client(verify=proxy.tls, base_url=f"https://127.0.0.1:{proxy.port}") as http:
        answers = [http.post("/v1/hooks/web", data=FORM).status_code for _ in range(3)]
    assert answers == [202] * 3


def test_h1_the_address_of_the_client_is_the_one_that_it_has_and_none_that_it_writes(proxy):
    assert ask(proxy, form("/v1/hooks/near"), "127.0.0.7")[0] == 202
    for header in (b"X-Forwarded-For", b"X-Real-IP", b"Forwarded", b"X-Client-IP"):
        value = b"for=127.0.0.7" if header == b"Forwarded" else b"127.0.0.7"
        assert ask(proxy, form("/v1/hooks/near", header + b": " + value + b"\r\n"), "127.0.0.8")[0] == 401


def test_h1_a_head_that_is_too_large_is_answered_431(proxy):
    for more in (b"".join(b"X-%d: %s\r\n" % (n, b"a" * 15_000) for n in range(6)), b"X: " + b"a" * 70_000 + b"\r\n"):
        status, answer = ask(proxy, form(more=more))
        assert status in (431, 0), answer[:300]
    assert ask(proxy, form(more=b"".join(b"X-%d: a\r\n" % n for n in range(101))))[0] == 431
    assert ask(proxy, form(more=b"X: " + b"a" * 15_000 + b"\r\n"))[0] == 202


def test_h1_a_body_that_is_too_large_is_answered_413(proxy):
    head = b"POST /v1/hooks/web HTTP/1.1\r\nHost: leads.example.com\r\nConnection: close\r\n"
    assert ask(proxy, head + b"Content-Length: 1048577\r\n\r\n" + b"a" * 100)[0] == 413
    chunk = b"%x\r\n%s\r\n" % (65_536, b"a" * 65_536)
    assert ask(proxy, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n")[0] in (413, 0)
    assert ask(proxy, form(body=b"email=anna@example.com&form_id=demo&message=" + b"a" * 900_000))[0] == 202


def test_h1_slow_senders_are_cut_in_time_and_a_late_body_is_answered_408(proxy):
    head = b"POST /v1/hooks/web HTTP/1.1\r\nHost: leads.example.com\r\n"
    begun, body = time.monotonic(), head + b"Content-Length: 1000\r\n\r\nemail="
    with connection_to(proxy) as half, connection_to(proxy) as silent, connection_to(proxy) as dripping:
        for connection, beginning in ((half, head + b"X-"), (silent, body), (dripping, body)):
            connection.sendall(beginning)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while time.monotonic() - begun < 5:
                dripping.sendall(b"a")
                time.sleep(0.2)
        assert [answer_of(connection)[0] for connection in (silent, dripping)] == [408, 408]
        assert answer_of(half)[0] in (408, 400, 0), "Caddy calls it malformed, nginx says nothing"
    assert time.monotonic() - begun < 26, "Caddy gives the answer once the time of the whole request is over"


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/readyz", "/metrics/", "/docs/x"])
def test_m8_nothing_but_hooks_the_api_and_the_page_goes_out(proxy, path):
    assert (
        ask(proxy, b"GET %s HTTP/1.1\r\nHost: leads.example.com\r\nConnection: close\r\n\r\n" % path.encode())[0] == 404
    )


@pytest.mark.parametrize("path", ["/", "/me", "/leads/lead_x", "/v1x"])
def test_the_page_goes_through_and_lets_nobody_in_who_is_not_signed_in(proxy, path):
    head = b"GET %s HTTP/1.1\r\nHost: leads.example.com\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    status, answer = ask(proxy, head % path.encode())
    assert status == 401 and b"Please sign in" in answer, "Stafett's own answer"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"GET /alerts/inc_none.x", b"<p>404</p>"),
        (b"POST /v1/alerts/slack/room", b"no such channel"),
        (b"POST /v1/alerts/pagerduty/duty", b"no such channel"),
    ],
)
def test_what_people_acknowledge_by_goes_through_and_proves_itself(proxy, line, words):
    head = b"%s HTTP/1.1\r\nHost: leads.example.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % line
    status, answer = ask(proxy, head)
    assert status == 404 and words in answer, "Stafett's own answer"


def test_h1_whether_it_is_there_can_be_asked(proxy):
    assert ask(proxy, b"GET /healthz HTTP/1.1\r\nHost: leads.example.com\r\nConnection: close\r\n\r\n")[0] == 200
    without_key = ask(proxy, b"GET /v1/leads HTTP/1.1\r\nHost: leads.example.com\r\nConnection: close\r\n\r\n")
    assert without_key[0] == 401, "the API, from a network of the inside"


def test_h1_a_stafett_that_is_away_is_answered_503_with_a_time_to_come_back(proxy, stafett):
    stafett.stop()
    try:
        status, answer = ask(proxy, form())
    finally:
        stafett.start()
    assert status == 503 and b"retry-after: 5" in answer.lower()
    assert ask(proxy, form())[0] == 202


def statuses(proxy, addresses):
    """Of one request of each address, all sent at once on one connection."""
    last = len(addresses) - 1
    head = "POST /v1/hooks/nobody HTTP/1.1\r\nHost: leads.example.com\r\nContent-Length: 0\r\nConnection: {}\r\nX-Test-Address: {}\r\n\r\n"
    text = "".join(head.format("close" if n == last else "keep-alive", at) for n, at in enumerate(addresses))
    answer = ask(proxy, text.encode())[1]
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]], answer.count(b'"title": "too many requests"')


def test_h6_nginx_bounds_a_client_and_an_ipv6_client_is_its_64(nginx_with_addresses):
    proxy = nginx_with_addresses
    answered, cut = statuses(proxy, [f"2001:db8:0:1::{n:x}" for n in range(1, 601)])
    assert len(answered) == 600 and 100 < cut < 400, "by nginx, beside those that Stafett itself keeps out"
    assert statuses(proxy, [f"2001:db8:0:{n:x}::1" for n in range(2, 302)])[1] == 0
    assert statuses(proxy, [f"198.51.{n // 200}.{n % 200}" for n in range(300)])[1] == 0
    assert statuses(proxy, ["203.0.113.9"] * 600)[1] > 100


def test_h1_nginx_bounds_the_connections_of_a_client(tmp_path):
    # The hooks have a rate as well, which is not meant here.
    held, request = [], form("/v1/commands")
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        proxy = Nginx(tmp_path, silent.getsockname()[1]).start()
        try:
            for _ in range(250):
                held.append(connection_to(proxy))
                held[-1].sendall(request)
            time.sleep(0.5)
            status, answer = ask(proxy, request)
            assert status == 503 and b"retry-after: 5" in answer.lower() and b"too many connections" in answer
            with connection_to(proxy, "127.0.0.9") as other:
                other.sendall(request)
                with pytest.raises(TimeoutError):
                    answer_of(other, within=1)
        finally:
            for connection in held:
                connection.close()
            proxy.close()


def test_the_part_says_what_to_do_where_it_cannot_be_had(monkeypatch, tmp_path):
    from tests.parts import debian
    from tests.parts.errors import PartMissing

    monkeypatch.setattr(debian, "CACHE", tmp_path)
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with pytest.raises(PartMissing, match="test-quick"):
        debian.program("no-such-package", "usr/bin/no-such-program")
