"""`stafett unseal`: lines as they come, keys asked for in few questions and kept for a minute."""

import asyncio
import json
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest

from schemas.envelope import whole
from services.cli.main import main
from services.cli.operating.unseal import AT_ONCE, ERASED, KEPT, NO_EVENT, UNKNOWN, Erased, Unsealer, chunks_of
from services.sealing.boxes import draw_key
from services.sealing.events import key_name, seal_event

SECRETS = {f"lead_{n}": draw_key() for n in range(250)}
PERSONAL = '{"person":{"full_name":"Anna Ek"}}'


def head(number):
    return f'{{"id":"evt_{number}","data":{{"personal":'


def sealed_line(number, lead="lead_1"):
    return seal_event(head(number), PERSONAL, event_id=f"evt_{number}", lead_id=lead, secret=SECRETS[lead])


class Keys:
    """What the API answers; `now` is the time of whoever keeps them."""

    def __init__(self, **secrets):
        self.asked, self.now = [], 0.0
        self.found = {key_name(lead, secret): secret for lead, secret in SECRETS.items()} | secrets

    async def ask(self, names):
        self.asked.append(list(names))
        return {name: self.found[name] for name in names if name in self.found}


def test_what_is_sealed_is_opened_and_everything_else_goes_through():
    keys = Keys()
    unsealer = Unsealer(keys.ask)
    lines = [sealed_line(1), whole(head(2), None), whole(head(3), PERSONAL), "nonsense", sealed_line(4)]
    opened = asyncio.run(unsealer.open(lines))
    assert opened == [whole(head(1), PERSONAL), *lines[1:4], whole(head(4), PERSONAL)]
    assert len(keys.asked) == 1 and unsealer.left == {NO_EVENT: 1}


def test_of_the_erased_nothing_comes_out_and_without_a_key_it_stays_sealed():
    keys = Keys()
    lines = [sealed_line(1), sealed_line(2, "lead_2"), sealed_line(3, "lead_3")]
    keys.found[key_name("lead_1", SECRETS["lead_1"])] = Erased()
    del keys.found[key_name("lead_2", SECRETS["lead_2"])]
    keys.found[key_name("lead_3", SECRETS["lead_3"])] = draw_key()
    unsealer = Unsealer(keys.ask)
    assert asyncio.run(unsealer.open(lines)) == [whole(head(1), None), *lines[1:]]
    assert unsealer.left == {ERASED: 1, UNKNOWN: 2}


def test_keys_are_asked_for_together_and_no_longer_kept_than_a_minute():
    keys = Keys()
    unsealer = Unsealer(keys.ask, lambda: keys.now)
    everybody = [sealed_line(n, lead) for n, lead in enumerate(SECRETS)]
    asyncio.run(unsealer.open(everybody))
    asyncio.run(unsealer.open(everybody))
    assert [len(names) for names in keys.asked] == [AT_ONCE, AT_ONCE, 50]
    keys.now = KEPT
    asyncio.run(unsealer.open(everybody[:1]))
    assert len(keys.asked) == 4


@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_lines_are_read_as_they_come(size, monkeypatch):
    monkeypatch.setattr("services.cli.operating.unseal.CHUNK", size)
    found = [line for lines in chunks_of(BytesIO("å\n\nb\nc".encode())) for line in lines]
    assert found == ["å", "b", "c"]


@pytest.fixture
def api():
    """(address, what was asked) of an API that knows one key and one bearer."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            names = parse_qs(urlsplit(self.path).query)["key"]
            asked.append(names)
            is_known = self.headers["Authorization"] == "Bearer sk_data"
            secrets = {name: b64encode(SECRETS["lead_1"]).decode() for name in names}
            keys = [{"key": name, "secret": secret, "reason": None} for name, secret in secrets.items()]
            self.send_response(200 if is_known else 403)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": keys}).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_keys_may_come_over_the_api(api, tmp_path, capsys):
    url, asked = api
    (tmp_path / "events").write_text(sealed_line(1))
    (tmp_path / "key").write_text("sk_data\n")
    (tmp_path / "wrong").write_text("sk_other\n")
    assert main(["unseal", str(tmp_path / "events"), "--url", url, "--key-file", str(tmp_path / "key")]) == 0
    assert capsys.readouterr().out == whole(head(1), PERSONAL) + "\n"
    assert asked == [[key_name("lead_1", SECRETS["lead_1"])]]
    assert main(["unseal", str(tmp_path / "events"), "--url", url, "--key-file", str(tmp_path / "wrong")]) == 2
    assert "the API gives no keys: it answered 403" in capsys.readouterr().err
    assert main(["unseal", str(tmp_path / "events"), "--url", url]) == 2
