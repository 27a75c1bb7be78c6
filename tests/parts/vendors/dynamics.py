"""Dynamics 365 Sales as its Web API is documented: one environment with tokens of Entra ID, as strict as the pages say.

Read in Microsoft's pages (Dataverse Web API 9.2, upserts of March 2026) and, for codes and messages, in what its users publish; no environment
was compared with it. Guessed are: the body of a refusal for a disabled owner and for a closed record, and that a 401 has no body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from tests.parts.vendors import dynamics_answers as answers
from tests.parts.vendors.dynamics_answers import Refusal, error
from tests.parts.vendors.dynamics_tables import COLUMNS, SETS, Row, Tables, chosen, shown
from tests.parts.vendors.faults import Answer, Json, Limit
from tests.parts.vendors.server import Held, Request, Route, VendorApi

API = "/api/data/v9.2"
DIRECTORY, CLIENT, SECRET = "nordlys.example", "11111111-2222-4333-8444-555555555555", "an-app-secret"
WE = "00000000-0000-4000-8000-000000000001"
"""The application user."""
ANY: dict[str, Json] = {"type": "object"}
LASTS = timedelta(seconds=3599)


@dataclass
class DynamicsApi(VendorApi):
    """`tokens` with the instant at which they end. `key`: the column in which a hand-over's id is, for `truth`; without one, hand-overs
    are told apart by their notes."""

    tables: Tables = field(default_factory=Tables)
    tokens: dict[str, datetime] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    burst: Limit = field(default_factory=lambda: Limit(6000, 300))
    quiet_until: datetime | None = None
    scoldings: int = 0
    """How often somebody asked while they were told to wait; each time they wait twice as long."""
    is_secret_over: bool = False
    duplicate_rules: bool = False

    def refuse(self, request: Request, route: Route) -> Answer | None:
        if route.name == "token":
            return None
        ends = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if ends is None or self.now() >= ends:
            return answers.NO_TOKEN
        if self.quiet_until is not None and self.now() < self.quiet_until:
            self.scoldings += 1
            wait = (self.quiet_until - self.now()) * 2
            self.quiet_until = self.now() + wait
            return answers.too_many(int(wait.total_seconds()) + 1)
        if not self.burst.take():
            self.quiet_until = self.now() + timedelta(seconds=30)
            return answers.too_many(30)
        return None

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        try:
            return super().carry_out(route, request, names)
        except Refusal as refusal:
            return refusal.answer

    def no_such_path(self, request: Request) -> Answer:
        return error(404, "0x8006088a", "Resource not found for the segment.")

    def no_such_request(self, problems: list[str]) -> Answer:
        return error(400, "0x80060888", f"Bad Request - Error in query syntax. {problems[0]}")

    def _problems(self, request: Request, route: Route) -> list[str]:
        if route.name == "token":
            form = "application/x-www-form-urlencoded"
            return [] if request.headers.get("content-type") == form else ["a token is asked for by a form"]
        found = super()._problems(request, route)
        wanted = {"odata-version": "4.0", "odata-maxversion": "4.0", "accept": "application/json"}
        found += [f"{name} is not {value}" for name, value in wanted.items() if request.headers.get(name) != value]
        if request.method == "PATCH" and not {"if-match", "if-none-match"} & request.headers.keys():
            found.append("it may make a record or change one, and says not which")
        return found

    def merge(self, table: str, left: str, gone: str) -> None:
        """As a person does it: the other one is deactivated and leads to the one that is left."""
        self.tables.rows[table][gone] |= {"merged": True, "masterid": left, "statecode": 1}

    def truth(self) -> dict[str, Held]:
        """By the hand-over's id, which stands in the last line of each note."""
        rows, found = self.tables.rows, {}
        keys: dict[str, str] = {}
        for note in rows["annotation"].values():
            key = str(note["notetext"]).rpartition("Stafett ")[2].partition("/")[0]
            keys[str(note["objectid"])] = key
        for ident, row in rows["opportunity"].items():
            key = keys.get(ident, ident)
            notes = [str(n["notetext"]) for n in rows["annotation"].values() if n["objectid"] == ident]
            tasks = [t for t in rows["task"].values() if t["regardingobjectid"] == ident]
            ids = (*(found[key].ids if key in found else ()), ident)
            found[key] = Held(
                ids=ids,
                owner=str(row["ownerid"]),
                stage=str(row["statuscode"]),
                contacts=(str(row["parentcontactid"]),) if row["parentcontactid"] else (),
                notes=tuple(notes),
                open_tasks=tuple((str(t["subject"]), str(t["ownerid"])) for t in tasks if t["statecode"] == 0),
                tasks=len(tasks),
            )
        return found


def give_token(api: DynamicsApi, request: Request, directory: str) -> Answer:
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    about = {"error_codes": [7000215], "correlation_id": "c0ffee00-0000-4000-8000-000000000002"}
    if directory != DIRECTORY:
        text = "AADSTS90002: Tenant not found."
        return Answer(400, {"error": "invalid_request", "error_description": text, **about})
    if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
        text = "AADSTS1002012: The provided value for scope is not valid."
        return Answer(400, {"error": "invalid_scope", "error_description": text, **about})
    if form.get("client_id") != CLIENT:
        text = "AADSTS700016: Application was not found in the directory."
        return Answer(400, {"error": "unauthorized_client", "error_description": text, **about})
    if form.get("client_secret") != SECRET or api.is_secret_over:
        code = "AADSTS7000222" if api.is_secret_over else "AADSTS7000215"
        text = f"{code}: Invalid client secret provided."
        return Answer(401, {"error": "invalid_client", "error_description": text, **about})
    token = f"token-{len(api.tokens) + 1}"
    api.tokens[token] = api.now() + LASTS
    return Answer(200, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})


def who_am_i(api: DynamicsApi, request: Request) -> Answer:
    return Answer(200, {"BusinessUnitId": WE[:-1] + "2", "UserId": WE.upper(), "OrganizationId": WE[:-1] + "3"})


def read(api: DynamicsApi, request: Request, name: str, key: str) -> Answer:
    table = _table(name)
    row = api.tables.by_key(table, key)
    if row is None:
        is_named = "=" in key
        text = f"A record with the specified key values does not exist in {table} entity"
        return error(404, "0x80060891", text) if is_named else answers.not_there(table, key)
    return Answer(200, shown(table, row, _one(request, "$select")))


def select_rows(api: DynamicsApi, request: Request, name: str) -> Answer:
    if name == "systemusers":
        asked = {part.removeprefix("systemuserid eq ") for part in _one(request, "$filter").split(" or ")}
        users = [{"systemuserid": i, "isdisabled": not on} for i, on in api.tables.users.items() if i in asked]
        return Answer(200, {"value": users})
    table = _table(name)
    rows = chosen(table, list(api.tables.rows[table].values()), _one(request, "$filter"))
    order = _one(request, "$orderby").split(",")
    rows.sort(key=lambda row: tuple(str(row[column]) for column in order))
    most = int(_one(request, "$top"))
    return Answer(200, {"value": [shown(table, row, _one(request, "$select")) for row in rows[:most]]})


def upsert(api: DynamicsApi, request: Request, name: str, key: str) -> Answer:
    table, tables = _table(name), api.tables
    row, values = tables.by_key(table, key), _object(request)
    if row is not None and request.headers.get("if-none-match") == "*":
        return answers.IS_THERE
    if row is None and request.headers.get("if-match") == "*":
        return answers.not_there(table, key)
    _refuse_duplicates(api, request, table, row, values)
    status = 200
    if row is None:
        named, _, text = key.partition("=")
        ident = f"00000000-0000-4000-9000-{len(tables.rows[table]):012}" if text else key
        given = {named: text[1:-1]} if text else {}
        row, status = tables.insert(table, ident, {**given, **values}), 201
    else:
        tables.change(table, row, values)
    if request.headers.get("prefer") != "return=representation":
        return Answer(204, None, {"odata-entityid": f"{name}({key})"})
    return Answer(status, shown(table, row, _one(request, "$select")))


def delete(api: DynamicsApi, request: Request, name: str, key: str) -> Answer:
    table = _table(name)
    if api.tables.rows[table].pop(key, None) is None:
        return answers.not_there(table, key)
    return Answer(204)


def _refuse_duplicates(
    api: DynamicsApi, request: Request, table: str, own: Row | None, values: Mapping[str, Json]
) -> None:
    """Only for those who ask for it."""
    if (
        not api.duplicate_rules
        or table != "contact"
        or request.headers.get("mscrm.suppressduplicatedetection") != "false"
    ):
        return
    phone = values.get("telephone1")
    if phone and any(row is not own and row["telephone1"] == phone for row in api.tables.rows[table].values()):
        raise Refusal(answers.DUPLICATE)


def win(api: DynamicsApi, request: Request) -> Answer:
    return _close(api, _object(request), 1)


def lose(api: DynamicsApi, request: Request) -> Answer:
    return _close(api, _object(request), 2)


def _close(api: DynamicsApi, body: Mapping[str, Json], state: int) -> Answer:
    close = body["OpportunityClose"]
    bound = close.get("opportunityid@odata.bind") if isinstance(close, dict) else None
    ident = str(bound).removeprefix("/opportunities(").removesuffix(")")
    row = api.tables.rows["opportunity"].get(ident)
    if row is None:
        return answers.not_there("opportunity", ident)
    if COLUMNS["opportunity"]["statuscode"].choices.get(int(str(body["Status"]))) != state:
        return error(400, "0x80048408", f"{body['Status']} is not a valid status code for state code {state}")
    if row["statecode"] != 0:
        return error(400, "0x80040203", "The opportunity has already been closed.")
    row |= {"statecode": state, "statuscode": body["Status"]}
    return Answer(204)


def attributes(api: DynamicsApi, request: Request, table: str) -> Answer:
    rows = [
        {
            "LogicalName": name,
            "AttributeType": c.type,
            "IsValidForCreate": c.is_writable,
            "IsValidForUpdate": c.is_writable,
        }
        for name, c in COLUMNS[table.strip("'")].items()
    ]
    return Answer(200, {"value": rows})


def choices(api: DynamicsApi, request: Request, table: str, column: str, kind: str) -> Answer:
    held = COLUMNS[table.strip("'")].get(column.strip("'"))
    if held is None or held.type != kind.removeprefix("Microsoft.Dynamics.CRM.").removesuffix("AttributeMetadata"):
        return error(404, "0x80060888", "Could not find the attribute")
    options = [
        {"Value": value, "State": state, "Label": {"UserLocalizedLabel": {"Label": f"Reason {value}"}}}
        for value, state in held.choices.items()
    ]
    return Answer(200, {"LogicalName": column.strip("'"), "OptionSet": {"Options": options}, "GlobalOptionSet": None})


def keys(api: DynamicsApi, request: Request, table: str) -> Answer:
    rows = [
        {"LogicalName": f"{name}_key", "KeyAttributes": [name], "EntityKeyIndexStatus": "Active"}
        for name in api.tables.keys
    ]
    return Answer(200, {"value": rows})


def _table(name: str) -> str:
    if name not in SETS:
        raise Refusal(error(404, "0x8006088a", f"Resource not found for the segment '{name}'."))
    return SETS[name]


def _one(request: Request, name: str) -> str:
    if name not in request.query:
        raise Refusal(error(400, "0x80060888", f"{name} is missing"))
    return request.query[name][0]


def _object(request: Request) -> dict[str, Json]:
    body = request.json()
    return body if isinstance(body, dict) else {}


_CLOSING: dict[str, Json] = {
    "type": "object",
    "required": ["Status", "OpportunityClose"],
    "properties": {
        "Status": {"type": "integer"},
        "OpportunityClose": {
            "type": "object",
            "required": ["opportunityid@odata.bind"],
            "properties": {"opportunityid@odata.bind": {"type": "string"}, "subject": {"type": "string"}},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
_META = f"{API}/EntityDefinitions(LogicalName={{table}})"
_SELECT = frozenset({"$select"})
DynamicsApi.routes = (
    Route("token", "POST", "/{directory}/oauth2/v2.0/token", give_token),
    Route("who am i", "GET", f"{API}/WhoAmI", who_am_i),
    Route("attributes", "GET", f"{_META}/Attributes", attributes, query=_SELECT),
    Route(
        "choices",
        "GET",
        f"{_META}/Attributes(LogicalName={{column}})/{{kind}}",
        choices,
        query=frozenset({"$select", "$expand"}),
    ),
    Route("keys", "GET", f"{_META}/Keys", keys, query=_SELECT),
    Route("win", "POST", f"{API}/WinOpportunity", win, _CLOSING),
    Route("lose", "POST", f"{API}/LoseOpportunity", lose, _CLOSING),
    Route("read", "GET", f"{API}/{{name}}({{key}})", read, query=_SELECT),
    Route("upsert", "PATCH", f"{API}/{{name}}({{key}})", upsert, ANY, query=_SELECT),
    Route("delete", "DELETE", f"{API}/{{name}}({{key}})", delete),
    Route("list", "GET", f"{API}/{{name}}", select_rows, query=frozenset({"$select", "$filter", "$orderby", "$top"})),
)
