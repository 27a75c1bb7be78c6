"""Bodies of almost a mebibyte that cost much to read: many of everything that a parser does something for."""

import copy
import itertools
import json
from collections.abc import Iterator
from urllib.parse import quote_plus, urlencode

from tests.everykind import Sent, Who, sent

MOST = 1024 * 1024 - 1024
JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "text/xml"
MULTIPART = "multipart/form-data; boundary=xx"
CLOUD, CLOUDS = "application/cloudevents+json", "application/cloudevents-batch+json"
NAMES = (
    "email", "name", "first_name", "last_name", "phone", "company", "website", "message", "consent", "newsletter", "utm_source", "country",
    "city", "zip", "employees", "industry", "title", "id", "owner_email", "status", "stage", "deal_value", "tags", "created_at",
)  # fmt: skip
VALUES = (
    "anna@example.com", "Anna Ek", "Anna", "Ek", "+46 70 123 45 67", "Acme AB", "https://www.acme.example/about?x=1", "Hello &amp; <b>hi</b>",
    "yes", "true", "google", "Sweden", "Malmö", "211 20", "51-200", "software", "CEO", "4711", "elin@ours.example", "qualified", "won", "1200",
    "a, b; c", "2026-11-24T09:00:00Z",
)  # fmt: skip
ROW = dict(zip(NAMES, VALUES, strict=True))
TEXTS = {
    "letters": "a",
    "spaces": " ",
    "lines": "\n",
    "addresses": "anna@example.com, ",
    "numbers": "+46 70 123 45 67; ",
    "digits": "4711 ",
    "entities": "&amp;amp; ",
    "tags": "<b>hi</b> <a href='x'>",
    "open tags": "<",
    "ampersands": "&",
    "words": "Out of office: unsubscribe me; not interested. ",
    "templates": "{{contact.email}} ",
    "accents": "Åsa Öberg ",
    "combining": "a\u0301\u200b",
    "quotes": "> On Monday Anna wrote:\n",
}


def numbered_rows(
    count: int, made=lambda number: {**ROW, "email": f"a{number}@example{number % 97}.com", "id": number}
) -> list:
    return [made(number) for number in range(count)]


def with_long_lists(whole: object) -> Iterator[tuple[str, object]]:
    """The same body, one of its lists at a time made as long as may be, with everything that its items hold made different."""
    for path in _lists(whole):
        made = copy.deepcopy(whole)
        at = made
        for step in path:
            at = at[step]
        if not at:
            continue
        first = copy.deepcopy(at[0])
        room = max(2, (MOST - len(json.dumps(whole))) // (len(json.dumps(first)) + 12))
        for count in sorted({min(room, 1000), min(room, 20_000)}):
            at[:] = [_made_different(first, number) for number in range(count)]
            yield f"{count} of {'.'.join(map(str, path))}", copy.deepcopy(made)


def _lists(at: object, path=()) -> Iterator[tuple]:
    if isinstance(at, list):
        yield path
    for step, inner in at.items() if isinstance(at, dict) else enumerate(at[:1]) if isinstance(at, list) else ():
        yield from _lists(inner, (*path, step))


def _made_different(value: object, number: int) -> object:
    if isinstance(value, dict):
        return {name: _made_different(inner, number) for name, inner in value.items()}
    if isinstance(value, list):
        return [_made_different(inner, number) for inner in value]
    return f"{number}{value}" if isinstance(value, str) and value else value


def of_any_kind() -> Iterator[tuple[str, bytes, str]]:
    """(what, body, content type) of shapes that are no kind's own."""
    for count in (20, 100, 400, 1000):
        rich = json.dumps(numbered_rows(count)).encode()
        yield f"{count} records", rich[:MOST], JSON
        yield f"{count} events", json.dumps({"events": numbered_rows(count)}).encode(), JSON
        wide = {f"{name}_{n}": value for n in range(MOST // count // 700) for name, value in ROW.items()}
        yield (
            f"{count} wide records",
            json.dumps(numbered_rows(count, lambda n, w=wide: {**ROW, **w, "id": n})).encode()[:],
            JSON,
        )
        yield (
            f"{count} people in one",
            json.dumps({f"person{n}": {**ROW, "id": n} for n in range(count)}).encode(),
            JSON,
        )
        yield (
            f"{count} rows of answers",
            json.dumps(
                {"answers": [{"name": f"q{n}", "value": "anna@example.com"} for n in range(count * 10)]}
            ).encode(),
            JSON,
        )
        tags = [f"t{n}" for n in range(MOST // count // 10)]
        yield (
            f"{count} records of tags",
            json.dumps(numbered_rows(count, lambda n, t=tags: {**ROW, "id": n, "tags": t})).encode(),
            JSON,
        )
        deep: object = ROW
        for _ in range(20):
            deep = {"lead": deep, "contact": {"email": "b@example.com"}}
        yield f"{count} deep records", json.dumps([deep] * min(count, MOST // len(json.dumps(deep)))).encode(), JSON
    for count in (100, 1999, 20_000):
        many = [(f"{name} {n}", value) for n in range(count // len(NAMES) + 1) for name, value in ROW.items()]
        yield f"{count} names in JSON", json.dumps(dict(many)).encode(), JSON
        yield f"{count} names in a form", urlencode(many).encode(), FORM
        parts = "".join(f'--xx\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in many)
        yield f"{count} names in parts", parts.encode() + b"--xx--\r\n", MULTIPART
        yield f"{count} lists", json.dumps({k: [v] * 20 for k, v in many}).encode(), JSON
        inner = "".join(
            f"<sf:{k.replace(' ', '')}>{v.replace('<', '').replace('&', '')}</sf:{k.replace(' ', '')}>" for k, v in many
        )
        yield f"{count} tags", f"<notifications>{inner}</notifications>".encode(), XML
    for name, text in TEXTS.items():
        long = text * (900_000 // len(text.encode()))
        yield (
            f"a text of {name}",
            json.dumps({**ROW, "message": long, "text": long[:1000]}, ensure_ascii=False).encode(),
            JSON,
        )
        few = text * (45_000 // len(text.encode()))
        yield (
            f"twenty texts of {name}",
            json.dumps({**{f"{k}": few for k in NAMES[:20]}}, ensure_ascii=False).encode(),
            JSON,
        )
        short = text * max(1, 19_000 // 8 // len(text.encode()))
        yield (
            f"400 texts of {name}",
            json.dumps({f"question {n}": short for n in range(400)}, ensure_ascii=False).encode(),
            JSON,
        )
        yield (
            f"400 events of {name}",
            json.dumps(
                [{"email": f"a{n}@b.example", "message": short} for n in range(400)], ensure_ascii=False
            ).encode(),
            JSON,
        )
        yield f"a form of {name}", b"email=a%40b.example&message=" + quote_plus(long).encode()[: MOST - 100], FORM
    yield "brackets", b"[" * 60 + b"[]," * 300_000 + b"[]" + b"]" * 60, JSON
    yield "objects", b'{"a":' * 60 + b"{}" + b"}" * 60, JSON
    yield "escapes", b'{"email":"' + b"\\u00e5" * 150_000 + b'"}', JSON
    yield "keys", json.dumps(dict.fromkeys(map(str, range(80_000)), 1)).encode(), JSON
    yield "numbers", b'{"a":[' + b"1e308," * 150_000 + b"1]}", JSON
    yield "JSON in JSON", json.dumps({"data": json.dumps(json.dumps(numbered_rows(400)))}).encode(), JSON


def events_that_share(kind: str, count: int) -> Iterator[tuple[str, str]]:
    """(what, body) of so many events to which something belongs that stands once: many fields, a long text, many people."""
    long, ids = "x" * 900_000, [f"00Q{n:015}" for n in range(count)]
    fields = {f"{name}_{n}": value for n in range(100) for name, value in ROW.items()}
    own = {f"Own_{n}__c": "Hello &amp; me" for n in range(200)}
    head = {"entityName": "Lead", "changeType": "UPDATE", "recordIds": ids}
    rows = [{"contact": {"id": n, "fields": {"core": {"email": {"value": f"a{n}@b.example"}}}}} for n in range(count)]
    events = [{"email": f"a{n}@b.example"} for n in range(count)]
    contacts = [{"wa_id": str(n), "profile": {"name": "A B"}} for n in range(3000)]
    statuses = [{"id": f"w{n}", "status": "sent", "timestamp": "1790000000", "recipient_id": "4"} for n in range(count)]
    value = {"contacts": contacts, "statuses": statuses}
    chats = [{"id": "1", "changes": [{"field": "messages", "value": value}]}]
    made: dict[str, dict[str, object]] = {
        "salesforce": {
            "fields": {"payload": {"ChangeEventHeader": head, **fields}},
            "own fields": {"payload": {"ChangeEventHeader": head, **own}},
            "noun": {"payload": {"ChangeEventHeader": {**head, "entityName": long}}},
            "user": {"payload": {"ChangeEventHeader": {**head, "commitUser": long}}},
            "addresses": {"payload": {"ChangeEventHeader": head, "Email": "a@b.example, " * 60_000}},
        },
        "mautic": {
            "name": {f"mautic.{long}": rows},
            "time": {"timestamp": "1" * 900_000, "mautic.lead_post_save_update": rows},
            "fields": {"mautic.lead_post_save_update": rows, **fields},
        },
        "generic": {
            "changes": {"ids": ids, "event": "u", "type": "lead", "updated_attributes": {n: [1, v] for n, v in fields.items()}},
            "type": {"ids": ids, "event": "update", "type": long},
            "module": {"ids": ids, "operation": "edit", "module": long},
            "name": [{long: [{"email": f"a{n}@b.example"} for n in range(count)]}],
            "key": {"account": {"subdomain": "x"}, long: {"add": [{"id": i, "name": "A B"} for i in ids]}, "contacts": {}},
            "account": {"account": {"subdomain": long}, "contacts": {"add": [{"id": i, "name": "A B"} for i in ids]}},
            "people": {"object": "whatsapp_business_account", "entry": chats},
            "fields": {"events": events, **fields},
            "word": {"events": events, "event": "x", "type": long},
            "time": {"events": events, "timestamp": "1" * 900_000},
        },
    }  # fmt: skip
    yield from ((f"{count} events that share {what}", json.dumps(body)) for what, body in made.get(kind, {}).items())


def of_kind(kind: str) -> Iterator[tuple[str, bytes, str]]:
    """Those, and what is made of the kind's own body."""
    own = sent(kind)
    yield from ((what, body.encode(), JSON) for count in (100, 1000) for what, body in events_that_share(kind, count))
    for what, body, said in of_any_kind():
        if len(body) <= MOST:
            yield what, body, said
            if said == JSON and own.content_type.startswith("application/cloudevents"):
                yield f"{what} in an event", _with_data(own.body, body), own.content_type
    yield from of_own(kind)


def of_own(kind: str) -> Iterator[tuple[str, bytes, str]]:
    """What is made of the kind's own body."""
    own = sent(kind)
    for count in (100, 1999):
        record = dict(
            itertools.islice(((f"{name} {n}", value) for n in range(100) for name, value in ROW.items()), count)
        )
        body = sent(kind, Who(record=record))
        yield f"own body of {count} fields", body.body, body.content_type
    if own.body[:1] not in b"{[":
        return
    whole = json.loads(own.body)
    rich = json.loads(sent(kind, Who(record=ROW)).body)
    for name, base in (("own", whole), ("rich", rich)):
        one = len(json.dumps(base)) + 12
        for count in (100, 600, 800, 1000, 4000):
            if isinstance(base, dict) and count * one < 2 * MOST:
                rows = [_made_different(base, number) for number in range(min(count, MOST // one))]
                said = said_of(own)
                yield f"{len(rows)} {name} bodies", json.dumps(rows).encode(), said
        if isinstance(base, dict):
            strange = [
                base | {f"{name}_{number}_{n}": value for n, value in enumerate(ROW.values())} for number in range(120)
            ]
            yield f"{len(strange)} {name} bodies with names of their own", json.dumps(strange).encode(), said_of(own)
        for what, made in with_long_lists(base):
            yield f"{name} body, {what}", json.dumps(made).encode(), own.content_type


def said_of(own: Sent) -> str:
    """The content type of many of these in one body."""
    return CLOUDS if own.content_type == CLOUD else own.content_type


def _with_data(event: bytes, data: bytes) -> bytes:
    return json.dumps({**json.loads(event), "data": json.loads(data)}).encode()[:MOST]
