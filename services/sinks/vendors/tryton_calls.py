"""Tryton's JSON-RPC: log-in, sessions, one question, and what its answers mean.

An answer is 200 with `{"result": ...}` or `{"error": [class, ...]}`; of a fault that is none of Tryton's own exceptions the error is
`[text, ""]`. What never came to a method is an HTTP status with a page. Read off Tryton 8.2 by running it, and in
`trytond/protocols/jsonrpc.py`, `trytond/protocols/dispatcher.py` and `trytond/wsgi.py`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import NamedTuple

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.vendors import TrytonSink
from services.sinks.calls import Call, Caller, Reply, Shown, json_call
from services.sinks.outcomes import Trouble

LOCKED_OUT = timedelta(minutes=5)
"""How long Tryton refuses every log-in of a user after too many wrong ones (`[session] timeout`)."""
MOST = 200
"""Records that are looked at; nothing of ours has so many."""
_FIELD = re.compile(r'[Ff]ield "([^"]{1,100})"(?: in| of)')
_GONE = re.compile(r'records "[^"]*" of "([^"]+)" that don\'t exist')


class Session(NamedTuple):
    """Who we are there, and the header's value that proves it."""

    user_id: str
    proof: str


class TrytonCalls:
    """One database at one server, as one user. A session that has ended is begun again once; a log-in that was refused is not tried
    again: Tryton makes each wrong one wait longer, and then locks the user out."""

    def __init__(self, sink: TrytonSink, call: Caller, secret: str) -> None:
        self._sink, self._call, self._secret = sink, call, secret
        self._session: Session | None = None
        self._logging_in = asyncio.Lock()
        # Messages in English, in which they are read here; records of one company.
        self._context: JsonObject = {"company": sink.company_id, "language": "en"}

    async def ask(self, method: str, *params: JsonValue, is_write: bool = False, archived: bool = False) -> JsonValue:
        """What the model's method gives; `archived`: records that are not active are among those that are found. Raises Trouble."""
        context = {**self._context, "active_test": False} if archived else self._context
        body: JsonObject = {"id": 1, "method": f"model.{method}", "params": [*params, context]}
        session = await self._begin_session(None)
        reply = await self._post(body, session, is_write)
        if reply.status == 401:
            session = await self._begin_session(session)
            reply = await self._post(body, session, is_write)
        return _result(reply, is_write, _names_in(method, params))

    async def rows(
        self,
        model: str,
        domain: list[JsonValue],
        names: Collection[str],
        *,
        order: Collection[str] = ("id",),
        most: int = MOST,
        archived: bool = False,
    ) -> list[JsonObject]:
        """What is there, ascending by the fields of `order`. Raises Trouble."""
        by: list[JsonValue] = [[name, "ASC"] for name in order]
        found = await self.ask(f"{model}.search_read", domain, 0, most, by, sorted({"id", *names}), archived=archived)
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    async def user_id(self) -> str:
        """The id of the user that we are."""
        return (await self._begin_session(None)).user_id

    async def _post(self, body: JsonObject, session: Session, is_write: bool) -> Reply:
        proof = {"authorization": session.proof}
        return await self._call(json_call("POST", self._path, body, secret=proof, is_write=is_write))

    async def _begin_session(self, ended: Session | None) -> Session:
        """The session that we have, or, where it is the one that has ended, another."""
        async with self._logging_in:
            if self._session is None or self._session is ended:
                self._session = None
                self._session = await self._log_in()
            return self._session

    async def _log_in(self) -> Session:
        reply = await self._ask_to_log_in()
        if reply is None:
            return Session("0", "")
        if reply.status == 429:
            raise Trouble("throttled", "too_many_wrong_logins", wait=LOCKED_OUT)
        if reply.status == 401:
            raise Trouble("refused_setup", "login_refused", field="login")
        answer = _result(reply, is_write=False)
        if not isinstance(answer, list) or len(answer) < 2:
            raise Trouble("refused_setup", "login_wants_more_than_a_password", field="login")
        user_id, token = str(answer[0]), str(answer[1])
        proof = base64.b64encode(f"{self._sink.login}:{user_id}:{token}".encode()).decode()
        return Session(user_id, f"Session {proof}")

    async def _ask_to_log_in(self) -> Reply | None:
        """None where it was only shown: then what would follow is shown as well."""
        body, to_show = (_login_body(self._sink.login, password) for password in (self._secret, "..."))
        headers = {"accept": "application/json", "content-type": "application/json"}
        try:
            return await self._call(Call("POST", self._path, body, headers=headers, shown=to_show))
        except Shown:
            return None

    @property
    def _path(self) -> str:
        return f"/{self._sink.database}/rpc/"


def _login_body(login: str, password: str) -> bytes:
    said = {"id": 1, "method": "common.db.login", "params": [login, {"password": password}, "en"]}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _result(reply: Reply, is_write: bool, names: Collection[str] = ()) -> JsonValue:
    if reply.status != 200:
        raise _trouble_of_status(reply, is_write)
    answer = reply.json()
    if not isinstance(answer, dict):
        raise Trouble("transient", "no_answer_of_tryton")
    if "error" in answer:
        raise trouble_of(answer["error"], names)
    return answer.get("result")


def _trouble_of_status(reply: Reply, is_write: bool) -> Trouble:
    """What did not come to a method, or died in one. The page's text tells apart what was rolled back and what nobody knows."""
    match reply.status:
        case 401 | 403:
            return Trouble("refused_setup", f"http_{reply.status}", field="login")
        case 404:
            return Trouble("refused_setup", "http_404", field="database")
        case 429:
            return Trouble("throttled", "http_429")
        case 503 if b"could not serialize access" in reply.body:
            # The server tried it six times itself; all of them were rolled back.
            return Trouble("locked", "concurrent_update")
        case 503 if b"get a connection" in reply.body:
            return Trouble("transient", "no_database")
        case 504:
            # Its own limit for a request, by which it rolls back; a proxy's looks the same.
            return Trouble("unknown" if is_write else "transient", "http_504")
        case status if status >= 500 or status in (408, 425):
            return Trouble("unknown" if is_write else "transient", f"http_{status}")
        case status:
            return Trouble("refused_setup", f"http_{status}")


def trouble_of(error: JsonValue, names: Collection[str] = ()) -> Trouble:
    """What an error means. Its texts may hold values of a record, so of them only the names of a field or model come out: `names` are
    those that the call had."""
    name, said = (error[0], error[1] if len(error) > 1 else None) if isinstance(error, list) and error else (None, None)
    match name:
        case "UserError":
            return _trouble_of_user_error(str(said[0]) if isinstance(said, list) and said else "")
        case "UserWarning":
            return Trouble("refused_data", "UserWarning")
        case "ConcurrencyException":
            return Trouble("locked", "ConcurrencyException")
        case "LoginException":
            return Trouble("refused_setup", "login_wants_more_than_a_password", field="login")
        case str() if name.strip("'") in names and name != name.strip("'"):
            # A KeyError: a field, or a model of a module that is not activated.
            return Trouble("refused_setup", "not_there", field=name.strip("'"))
        case _:
            # Perhaps of what somebody wrote into a form, who shall not stop the whole sink by it.
            return Trouble("refused_data", "fault_of_tryton")


def _names_in(method: str, params: Sequence[JsonValue]) -> frozenset[str]:
    """The model, and what stands where fields are named: members of objects, and texts in lists of texts."""
    names, waiting = {method.rpartition(".")[0]}, list(params)
    while waiting:
        match waiting.pop():
            case dict() as members:
                names |= members.keys()
                waiting += members.values()
            case list() as values:
                names |= {value for value in values if isinstance(value, str)}
                waiting += [value for value in values if not isinstance(value, str)]
            case _:
                pass
    return frozenset(names)


def _trouble_of_user_error(text: str) -> Trouble:
    gone = _GONE.search(text)
    if gone is not None:
        if gone[1] == "Company":
            return Trouble("refused_setup", "company_is_not_there", field="company_id")
        return Trouble("gone", "no_longer_there", field=gone[1])
    if "not allowed to access" in text:
        return Trouble(
            "refused_setup", "not_allowed", field=next(iter(re.findall(r'access "([^"]{1,100})"', text)), None)
        )
    named = _FIELD.findall(text)
    return Trouble("refused_data", "UserError", field=named[-1] if named else None)
