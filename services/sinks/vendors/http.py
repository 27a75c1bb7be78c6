"""A CRM without a file of ours: the requests are those that the sinks file describes.

Each record in an answer has to prove itself by the member that the file names: many APIs leave out filters that they do not know and
answer with everybody. A create that was not answered is looked for, or, where the receiver keeps our `Idempotency-Key`, sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import assert_never
from urllib.parse import quote

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from schemas.sinks.http import KEYS, PLACEHOLDER, HttpSink, Member, Question, Request
from services.sinks.calls import Call, Caller, Reply, json_call
from services.sinks.outcomes import Made, Trouble
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendors.http_answers import body_of, is_same, judge_reply, nest, value_at

Names = Mapping[str, str | None]
"""Values of placeholders; None for one that is not known."""
NOBODY = Key("opportunity", "stafett-check", email="stafett-check@example.invalid", phone="+10000000000")
"""Somebody who is not there, for the check to ask about."""


class Http:
    """One account at a receiver."""

    deletes_for_good = False

    def __init__(self, sink: HttpSink, caller: Caller, secrets: Sequence[str]) -> None:
        self._sink, self._caller, self.settle = sink, caller, sink.settle
        self._records = dict(sink.records.items())
        self.kinds: frozenset[RecordKind] = frozenset(self._records)
        named = dict(zip(sink.secrets, secrets, strict=True))
        headers = sink.headers.items()
        self._plain = {name: header.value for name, header in headers if header.value is not None}
        self._secret = {n: header.before + named[header.secret] for n, header in headers if header.secret is not None}

    def is_repeatable(self, kind: RecordKind) -> bool:
        """Where the receiver keeps the key of a create."""
        return self._sink.keeps_idempotency_key and kind in self._records

    def render(self, wanted: Wanted) -> Fields:
        if (record := self._records.get(wanted.key.kind)) is None:
            return {}
        members = ((record.values[name], value) for name, value in wanted.values.items() if name in record.values)
        fields = {member.member: _to_write(member, value) for member, value in members}
        if record.key is not None:
            fields[record.key.member] = _to_write(record.key, wanted.key.text)
        return {**fields, **wanted.extra}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        if (
            key.kind == "contact"
            and key.known_id is not None
            and (match := await self.read("contact", key.known_id, names))
        ):
            return match
        for question in self._records[key.kind].find:
            rows = await self._ask(question, _placeholders(key, parents))
            for row in rows:
                if _proves(question, row, key):
                    return self._match(key.kind, row, names)
        return None

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        record = self._records[kind]
        if record.read is None:
            # It is never changed, so nobody asks what stands there.
            return Match(vendor_id, {})
        reply = await self._send(record.read, {"id": vendor_id})
        try:
            judge_reply(reply, self._sink.answers, "change")
        except Trouble as trouble:
            if trouble.kind == "gone":
                return None
            raise
        row: JsonValue = value_at(body_of(reply), record.read.answer)
        if not isinstance(row, dict):
            raise Trouble("refused_setup", "answer_without_record", field=f"records.{kind}.read.answer")
        return self._match(kind, row, names)

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        record = self._records[key.kind]
        hangs_on = {m.member: _to_write(m, parents[of]) for of, m in record.parents.items() if of in parents}
        values = {**record.fixed, **hangs_on, **fields}
        reply = await self._send(record.make, _placeholders(key, parents), values, once=f"{key.kind}/{key.text}")
        there: JsonValue = value_at(body_of(reply), record.make.existing) if reply.status == 409 else None
        if record.make.existing is not None and isinstance(there, str | int) and not isinstance(there, bool):
            return Made(str(there), adopted=True)
        judge_reply(reply, self._sink.answers, "make")
        row: JsonValue = value_at(body_of(reply), record.make.answer)
        ident = value_at(row, record.id) if row is not None else None
        if ident is None:
            ident = reply.headers.get("location", "").rstrip("/").rpartition("/")[2] or None
        if ident is None:
            raise Trouble("unknown", "answer_without_id", field=f"records.{key.kind}.id")
        return Made(str(ident), _text(value_at(row, record.url)) if record.url else None)

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        record = self._records[kind]
        request, values = record.change, fields
        state = record.values.get("state")
        if record.cancel is not None and state is not None:
            cancelled = _to_write(state, "cancelled")
            if fields.get(state.member) == cancelled:
                request, values = record.cancel, {}
        if request is None:
            return
        judge_reply(await self._send(request, {"id": vendor_id}, values), self._sink.answers, "change")

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:
        """A text where a name is, since one of them is needed mostly. Raises Trouble (refused_data) where it can change none."""
        record = self._records[kind]
        if record.change is None:
            raise Trouble("refused_data", "change_is_not_described", field=f"records.{kind}.change")
        texts: tuple[ValueName, ...] = ("last_name", "full_name", "name")
        needed = {record.values[name].member for name in texts if name in record.values}
        shapes = {member.member: member.shape for member in record.values.values()}
        blanks: dict[str, JsonValue] = {name: "" if shapes.get(name, "text") == "text" else None for name in names}
        return {**blanks, **dict.fromkeys(needed & set(names), ERASED)}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        record = self._records[kind]
        if record.delete is None:
            raise Trouble("refused_data", "delete_is_not_described", field=f"records.{kind}.delete")
        judge_reply(await self._send(record.delete, {"id": vendor_id}), self._sink.answers, "change")

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        if kind not in ("contact", "company") or (link := self._records["opportunity"].links.get(kind)) is None:
            return
        ids = {"opportunity": opportunity, kind: vendor_id}
        values = {member.member: _to_write(member, ids[of]) for of, member in link.members.items() if of in ids}
        judge_reply(await self._send(link, ids, values or None), self._sink.answers, "change")

    async def check(self, owners: Mapping[str, str]) -> list[str]:  # noqa: ARG002 - no request tells who sells there
        """Every question is asked for somebody who is not there: who answers with records all the same does not know the filter."""
        problems = [*self._problems_of_erasing()]
        for kind, record in self._records.items():
            nobody = _placeholders(NOBODY._replace(kind=kind), {})
            for number, question in enumerate(record.find):
                where = f"records.{kind}.find.{number}"
                try:
                    rows = await self._ask(question, nobody)
                except Trouble as trouble:
                    problems.append(f"{where}: {trouble}")
                    continue
                if rows:
                    told = f"it answers with {len(rows)} records to a question for nobody"
                    problems.append(f"{where}: {told}, so it leaves out the filter")
        return problems

    def _problems_of_erasing(self) -> Iterator[str]:
        """What an erasure could not do."""
        if self._sink.erased == "leave":
            return
        for kind, record in self._records.items():
            match kind:
                case "note" | "task" if record.delete is None:
                    yield f"records.{kind}: without `delete` it stays when the person is erased; or say `erased: leave`"
                case "contact" | "opportunity" if record.change is None:
                    yield f"records.{kind}: without `change` it cannot be emptied when the person is erased; or say `erased: leave`"
                case "note" | "task" | "contact" | "opportunity" | "company":
                    pass
                case _:
                    assert_never(kind)

    async def whoami(self) -> str:
        if self._sink.whoami is None:
            raise Trouble("gone", "whoami_is_not_described", field="whoami")
        reply = await self._caller(json_call("GET", self._sink.whoami.path, headers=self._plain, secret=self._secret))
        judge_reply(reply, self._sink.answers, "ask")
        ident = value_at(body_of(reply), self._sink.whoami.id)
        if ident is None:
            raise Trouble("refused_setup", "answer_without_id", field="whoami.id")
        return str(ident)

    async def _ask(self, question: Question, names: Names) -> list[JsonObject]:
        """The records of the answer; none where what is asked for is not known."""
        if any(
            names.get(name) is None
            for text in (question.path, *question.body.values())
            for name in PLACEHOLDER.findall(text)
        ):
            return []
        body = {name: _fill(text, names) for name, text in question.body.items()}
        path = _fill(question.path, names, is_path=True)
        values = nest(body) if question.method == "POST" else None
        call = json_call(question.method, path, values, headers=self._plain, secret=self._secret)
        reply = await self._caller(call)
        if reply.status in (404, 410) and question.rows is None:
            return []
        judge_reply(reply, self._sink.answers, "ask")
        found: JsonValue = value_at(body_of(reply), question.rows)
        if question.rows is not None and not isinstance(found, list):
            raise Trouble("refused_setup", "answer_without_rows", field="find.rows")
        rows = found if isinstance(found, list) else [found]
        return [row for row in rows if isinstance(row, dict)]

    async def _send(
        self, request: Request, names: Names, values: Fields | None = None, *, once: str | None = None
    ) -> Reply:
        headers = dict(self._plain)
        if once is not None and self._sink.keeps_idempotency_key:
            headers["idempotency-key"] = once
        missing = [name for name in PLACEHOLDER.findall(request.path) if names.get(name) is None]
        if missing:
            raise Trouble("refused_data", "placeholder_is_not_known", field=missing[0])
        has_body = values is not None and request.method not in ("GET", "DELETE")
        call: Call = json_call(
            request.method,
            _fill(request.path, names, is_path=True),
            nest(values or {}, request.body) if has_body else None,
            headers=headers,
            secret=self._secret,
            is_write=request.method != "GET",
        )
        return await self._caller(call)

    def _match(self, kind: RecordKind, row: JsonObject, names: Collection[str]) -> Match:
        record = self._records[kind]
        ident = value_at(row, record.id)
        if ident is None:
            raise Trouble("refused_setup", "answer_without_id", field=f"records.{kind}.id")
        members = {member.member: member for member in (*record.values.values(), *([record.key] if record.key else []))}
        fields = {name: _as_read(members.get(name), value_at(row, name)) for name in names}
        stage = record.values.get("stage")
        at = value_at(row, stage.member) if stage is not None else None
        over = record.closed is not None and any(
            is_same(value_at(row, record.closed.member), v) for v in record.closed.values
        )
        url = _text(value_at(row, record.url)) if record.url else None
        return Match(str(ident), fields, stage=_text(at), is_closed=over, url=url)


def _placeholders(key: Key, parents: Parents) -> Names:
    ids = {str(kind): ident for kind, ident in parents.items()}
    return {"key": key.text, "email": key.email, "phone": key.phone, "marker": key.marker, **ids}


def _fill(text: str, names: Names, *, is_path: bool = False) -> str:
    """The text with the values in it; in a path each of them is escaped, so that it adds no part and no parameter."""
    return PLACEHOLDER.sub(
        lambda found: quote(names[found[1]] or "", safe="") if is_path else names[found[1]] or "", text
    )


def _proves(question: Question, row: JsonObject, key: Key) -> bool:
    """Whether the record holds what was asked for; one that was asked for by what it hangs on holds our key or ends with our marker."""
    found = _text(value_at(row, question.proof)) or ""
    texts = (question.path, *question.body.values())
    asked = next((name for text in texts for name in PLACEHOLDER.findall(text) if name in KEYS), None)
    match asked:
        case "email":
            return found.strip().lower() == key.email
        case "phone":
            return found == key.phone
        case "key":
            return found == key.text
        case _:
            return found in (key.text, key.marker) or found.rstrip().endswith(f"\n{key.marker}")


def _to_write(member: Member, value: JsonValue) -> JsonValue:
    if isinstance(value, str) and value in member.words:
        return member.words[value]
    match member.shape:
        case "text":
            return value
        case "number":
            text = str(value)
            return int(text) if text.lstrip("-").isdecimal() else value
        case "instant":
            return _instant(value)
        case "day":
            return str(_instant(value))[:10]
        case _:
            assert_never(member.shape)


def _as_read(member: Member | None, value: JsonValue) -> JsonValue:
    """In the shape in which it is written: ids that come as numbers are texts where texts are written."""
    if member is None or value is None or isinstance(value, bool) or value in member.words.values():
        return value
    return _to_write(member.model_copy(update={"words": {}}), value) if member.shape != "text" else str(value)


def _instant(value: JsonValue) -> JsonValue:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return value
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at.tzinfo is not None else value


def _text(value: JsonValue) -> str | None:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
