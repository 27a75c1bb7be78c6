"""Odoo's two ways to be called, JSON-2 (19 and newer) and XML-RPC, behind one question; and what their answers mean.

JSON-2 answers with the bare result, or with an HTTP status and `{name, message, ...}`, `name` being the class of the exception.
XML-RPC answers 200 always, with a fault of code 1 (error), 2 (warning), 3 (access denied) or 4 (access error) and a traceback.
"""

from __future__ import annotations

import json
import re
import xmlrpc.client
from collections.abc import Mapping
from typing import cast
from xml.parsers.expat import ExpatError

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.vendors import OdooSink
from services.sinks.calls import Call, Caller, Reply, json_call
from services.sinks.outcomes import Trouble, TroubleKind

_MISSING_TEXT = "Record does not exist or has been deleted"
_WRONG_VALUE = re.compile(r"Wrong value for ([a-z0-9_.]+):")
"""Of one record: a choice that its field does not have."""
_FIELD = re.compile(r"(?:[Ff]ield(?: name)?|[Mm]odel) '([a-z][a-z0-9_.]*)'")
"""What a message names as a field or model; other words in quotes may be values."""
_AWAY = ("psycopg2.OperationalError", "psycopg2.InterfaceError")
"""In a traceback: the database was not there, whatever its last line says."""
_NO_RESULT = "cannot marshal None"
"""How XML-RPC answers where a method gives nothing back: it has run, and what it did is committed."""
_RECORD = re.compile(r"\(Record: ([a-z0-9_.]+)\(")
_BUSY = (
    "could not serialize access",
    "deadlock detected",
    "could not obtain lock",
    "SerializationFailure",
    "LockNotAvailable",
)
"""What PostgreSQL says of two transactions that met, as Odoo passes it on; the same call may succeed a moment later."""
_ENGLISH: JsonObject = {"lang": "en_US"}
"""Some answers are told apart by their words alone."""
_MISSING = "MissingError"
_CLASSES: Mapping[str, TroubleKind] = {
    "OperationalError": "transient",
    "InterfaceError": "transient",
    "AccessDenied": "refused_setup",
    "AccessError": "refused_setup",
    "Unauthorized": "refused_setup",
    "Forbidden": "refused_setup",
    "NotFound": "refused_setup",
    "TypeError": "refused_setup",
}
"""Classes of exceptions by what they mean; all others but Python's own are of the record."""


class OdooCalls:
    """One database at one server, as one user."""

    def __init__(self, sink: OdooSink, call: Caller, secret: str) -> None:
        self._sink, self._call, self._secret = sink, call, secret
        self._uid: int | None = None

    async def ask(
        self,
        model: str,
        method: str,
        values: Mapping[str, JsonValue],
        *,
        ids: list[int] | None = None,
        is_write: bool = False,
    ) -> JsonValue:
        """The method's result; `values` are its arguments by name. Raises Trouble."""
        context = {**_ENGLISH, **(values.get("context") or {})}
        arguments = {**({} if ids is None else {"ids": ids}), **values, "context": context}
        if self._sink.api == "json2":
            return await self._ask_by_json(model, method, arguments, is_write)
        return await self._ask_by_xml(model, method, arguments, is_write)

    async def user_id(self) -> int:
        """The id of the user that we are."""
        if self._sink.api == "xmlrpc":
            return await self._log_in()
        context = await self.ask("res.users", "context_get", {})
        return int(context["uid"])

    async def _ask_by_json(self, model: str, method: str, arguments: JsonObject, is_write: bool) -> JsonValue:
        reply = await self._call(
            json_call(
                "POST",
                f"/json/2/{model}/{method}",
                arguments,
                headers={"x-odoo-database": self._sink.database},
                secret={"authorization": f"bearer {self._secret}"},
                is_write=is_write,
            )
        )
        if reply.status == 200:
            return reply.json()
        raise _trouble_of_json(reply, model)

    async def _ask_by_xml(self, model: str, method: str, arguments: JsonObject, is_write: bool) -> JsonValue:
        uid = await self._log_in()
        ids = arguments.pop("ids", None)
        positional = [] if ids is None else [ids]

        def body(password: str) -> bytes:
            values = (self._sink.database, uid, password, model, method, positional, arguments)
            return xmlrpc.client.dumps(values, "execute_kw", allow_none=True).encode()

        call = Call(
            "POST",
            "/xmlrpc/2/object",
            body(self._secret),
            headers={"content-type": "text/xml"},
            shown=body("..."),
            is_write=is_write,
        )
        return _result_of_xml(await self._call(call), model)

    def _login_body(self, password: str) -> bytes:
        values: tuple[JsonValue, ...] = (self._sink.database, self._sink.login or "", password, {})
        return xmlrpc.client.dumps(values, "authenticate").encode()

    async def _log_in(self) -> int:
        if self._uid is None:
            body, to_show = (self._login_body(password) for password in (self._secret, "..."))
            call = Call("POST", "/xmlrpc/2/common", body, headers={"content-type": "text/xml"}, shown=to_show)
            uid = _result_of_xml(await self._call(call))
            if not uid:
                raise Trouble("refused_setup", "login_refused", field="login")
            self._uid = int(uid)
        return self._uid


def _trouble_of_json(reply: Reply, model: str) -> Trouble:
    if reply.status == 429:
        return Trouble("throttled", "http_429")
    try:
        error: JsonValue = json.loads(reply.body)
    except ValueError:
        error = None
    if not isinstance(error, dict) or "name" not in error:
        # A proxy before Odoo, or Odoo on its way up or down.
        return Trouble("refused_setup" if reply.status in (401, 404) else "transient", f"http_{reply.status}")
    return trouble_of(str(error["name"]), str(error.get("message") or ""), model)


def trouble_of(name: str, message: str, model: str) -> Trouble:
    """What an exception of Odoo means that a call of `model` ended with. `message` may hold values, so of it only names of fields come
    out. A record that is missing is gone where it is one of that model; of another it is a value of ours, as an owner or a stage."""
    short = name.rpartition(".")[2]
    if any(word in message or word in name for word in _BUSY):
        return Trouble("transient", "concurrent_update")
    if short == _MISSING or _MISSING_TEXT in message:
        other = _RECORD.search(message)
        is_other = other is not None and other[1] != model
        return Trouble("refused_data", short, field=other[1]) if is_other and other else Trouble("gone", short)
    if (value := _WRONG_VALUE.search(message)) is not None:
        return Trouble("refused_data", "wrong_value", field=value[1])
    # A field, model or argument that is not there is an error of Python: Odoo answers 500, and will for ever.
    kind = _CLASSES.get(short, "refused_setup" if name.startswith("builtins.") else "refused_data")
    field = _FIELD.search(message)
    return Trouble(kind, short, field=field[1] if field is not None else None)


def _result_of_xml(reply: Reply, model: str = "res.users") -> JsonValue:
    if reply.status == 429:
        raise Trouble("throttled", "http_429")
    if reply.status != 200:
        raise Trouble("transient", f"http_{reply.status}")
    try:
        values, _ = xmlrpc.client.loads(reply.body.decode("utf-8", "replace"))
    except xmlrpc.client.Fault as fault:
        if _NO_RESULT in str(fault.faultString):
            return None
        raise _trouble_of_fault(fault, model) from None
    except (ExpatError, xmlrpc.client.ResponseError, ValueError):
        raise Trouble("transient", "no_xml_rpc") from None
    return cast("tuple[JsonValue]", values)[0]


def _trouble_of_fault(fault: xmlrpc.client.Fault, model: str) -> Trouble:
    """The last line of a traceback is `class: message`; the text of a warning is the message alone."""
    text = str(fault.faultString)
    last = text.strip().rpartition("\n")[2]
    name, _, message = last.partition(":")
    match fault.faultCode:
        case 2:
            return trouble_of("odoo.exceptions.UserError", text, model)
        case 3 | 4:
            return Trouble("refused_setup", "AccessDenied" if fault.faultCode == 3 else "AccessError")
        case _:
            if any(word in text for word in _AWAY):
                return Trouble("transient", "no_database")
            if not name.replace(".", "").replace("_", "").isalnum():
                return Trouble("refused_data", "fault_of_odoo")
            return trouble_of(name if "." in name else f"builtins.{name}", message, model)
