"""Answers as a Tryton 8.2 gave them (people and ids are made up), and a caller that gives them again."""

import base64
import json

from schemas.sinks.vendors import TrytonSink
from services.sinks.calls import Reply, Shown

HTML = "<!doctype html>\n<html lang=en>\n<title>{0}</title>\n<h1>{0}</h1>\n<p>{1}</p>\n"
LOGIN = {"id": 1, "result": [6, "12100a2e32fbc7202d7eb7f63d2212758c0eb96442c9dcf3e8a9cc07ece030c4", None]}
PROOF = "Session " + base64.b64encode(f"stafett:6:{LOGIN['result'][1]}".encode()).decode()
SECRET = "a-long-password"


def page(status, title="Error", text=""):
    return Reply(status, {"content-type": "text/html; charset=utf-8"}, HTML.format(title, text).encode())


def result(value):
    return Reply(200, {"content-type": "application/json"}, json.dumps({"id": 1, "result": value}).encode())


def error(*value):
    return Reply(200, {"content-type": "application/json"}, json.dumps({"id": 1, "error": value}).encode())


def user_error(text):
    return error("UserError", [text, "", None])


SESSION_ENDED = Reply(401, {"www-authenticate": 'Basic realm="Tryton"'}, b"")
WRONG_PASSWORD = page(
    401, "Unauthorized", "The server could not verify that you are authorized to access the URL requested."
)
LOCKED_OUT = page(429, "Too Many Requests", "This user has exceeded an allotted request count. Try again later.")


def sink(**more):
    given = {
        "kind": "tryton",
        "name": "tryton",
        "base_url": "https://crm.example.com",
        "database": "tryton",
        "login": "stafett",
    }
    return TrytonSink.model_validate({**given, "secret": "STAFETT_SECRET_TRYTON", "mode": "live", **more})


class Answers:
    """`replies` by method, taken from the front, the last one again and again. `asked` is what was called, in order."""

    def __init__(self, replies=(), shows=False):
        self.replies = {"common.db.login": [Reply(200, {}, json.dumps(LOGIN).encode())]}
        self.replies |= {method: list(several) for method, several in dict(replies).items()}
        self.asked, self.calls, self.shows = [], [], shows

    async def __call__(self, call):
        assert (call.method, call.path) == ("POST", "/tryton/rpc/")
        said = json.loads(call.body)
        assert set(said) == {"id", "method", "params"}
        method = said["method"].removeprefix("model.")
        self.calls.append(call)
        self.asked.append((method, *said["params"][:-1]))
        if self.shows:
            raise Shown
        several = self.replies[method]
        return several.pop(0) if len(several) > 1 else several[0]

    def writes(self):
        return [asked for asked, call in zip(self.asked, self.calls, strict=True) if call.is_write]
