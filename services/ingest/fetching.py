"""What a thin webhook leaves out, asked of the sender's API: which request, and what of the answer are facts."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from schemas.signals import Company, Kind, Parsed, Person, Quarantined, Reference, Signal
from schemas.sources import FETCHED, Source
from services.ingest.parsers import linkedin, meta_lead_ads
from services.ingest.parsers.reading import UNEXPECTED, Unreadable, mapping, read_json, text
from services.outbound import AddressRefused, pinned

TIMEOUT = 10.0
"""Seconds for a whole request."""
MAX_ANSWER = 1024 * 1024
KEPT, KEPT_SECONDS = 2000, 30.0
"""Answers kept, and for how long: a platform tells of each changed property by itself."""
_PASSING = frozenset({408, 425, 429})
_NOT_ASKED = frozenset({Kind.CONTACT_DELETED, Kind.COMPANY_DELETED, Kind.DEAL_DELETED, Kind.UNCLASSIFIED})
_HUBSPOT = ("email", "firstname", "lastname", "phone", "mobilephone", "company", "website", "industry", "country",
            "numberofemployees", "state", "city", "zip", "hs_language")  # fmt: skip
_HUBSPOT_NOUNS = {
    "deal": "deals",
    "call": "calls",
    "meeting": "meetings",
    "task": "tasks",
    "email": "emails",
    "note": "notes",
}
_SALESFORCE = {"003": "Contact", "00Q": "Lead"}
"""Salesforce's ids begin with what they are ids of."""


_OTHER = "the API's answer is not what this kind of source answers"


class Later(Exception):
    """It may be answered another time; after `seconds`, where the API says so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Refused(Exception):
    """It will not be answered until somebody changes something."""


class Gone(Exception):
    """The API has no such record any more."""


class Fetcher:
    """Asks for one source. `complete` gives the facts; requests are paced, and answers kept for half a minute."""

    def __init__(self, source: Source, token: str, client: httpx.AsyncClient | None = None) -> None:
        assert source.fetch is not None, "only sources that say how are fetched"
        self.source, self.fetch = source, source.fetch
        self._token = token
        self._client = client or httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        self._base = (source.fetch.base_url or FETCHED[source.kind] or "").rstrip("/")
        self._pace = _Pace(source.fetch.per_second)
        self._kept: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    async def close(self) -> None:
        await self._client.aclose()

    def wants(self, signal: Signal) -> bool:
        """Whether it leaves out who it is about, and names what can be asked for."""
        if signal.mode == "test" or signal.kind in _NOT_ASKED or signal.person.email is not None:
            return False
        return bool(self._lead(signal) or _person(signal) or self._association(signal))

    async def complete(self, signal: Signal) -> Parsed:
        """The signal's facts with those that were fetched; what the webhook itself said wins. Raises Later, Refused, Gone."""
        facts = Parsed(**{name: getattr(signal, name) for name in Parsed.model_fields})
        if (path := self._lead(signal)) is not None:
            lead = await self._get(path)
            try:
                return _filled(facts, self._answers(lead))
            except Refused:
                self._kept.pop(path, None)  # a redrive asks again
                raise
        person = _person(signal)
        if person is None and (path := self._association(signal)) is not None:
            person = _associated(await self._get(path))
            if person is None:
                raise Gone
            reference = Reference(system="hubspot", account=_account(signal), object="person", id=person)
            facts = facts.model_copy(update={"references": (*facts.references, reference)})
        record = await self._get(path := self._record(person or ""))
        try:
            return _filled(facts, _hubspot(record) if self.source.kind == "hubspot" else _salesforce(record))
        except UNEXPECTED:
            self._kept.pop(path, None)
            raise Refused(_OTHER) from None

    def _lead(self, signal: Signal) -> str | None:
        """The path of an ad platform's lead."""
        ident = quote(signal.external_id or "", safe="")
        if not ident or signal.kind != Kind.FORM_SUBMITTED:
            return None
        if self.source.kind == "meta_lead_ads":
            asked = {"fields": "id,created_time,ad_id,form_id,campaign_id,campaign_name,platform,field_data"}
            return f"/{self.fetch.version or 'v23.0'}/{ident}?{urlencode(asked)}"
        return f"/rest/leadFormResponses/{ident}" if self.source.kind == "linkedin" else None

    def _association(self, signal: Signal) -> str | None:
        """The path of whom a deal or an activity is with, where no person is named."""
        if self.source.kind != "hubspot" or _person(signal) is not None:
            return None
        ident = next((r.id for r in signal.references if r.object in ("deal", "activity")), None)
        noun = _HUBSPOT_NOUNS.get((signal.source_kind or "").partition(".")[0])
        return f"/crm/v3/objects/{noun}/{quote(ident, safe='')}/associations/contacts" if ident and noun else None

    def _record(self, ident: str) -> str:
        shown = quote(ident, safe="")
        if self.source.kind == "hubspot":
            return f"/crm/v3/objects/contacts/{shown}?{urlencode({'properties': ','.join(_HUBSPOT)})}"
        noun = _SALESFORCE.get(ident[:3])
        if noun is None:
            raise Gone
        return f"/services/data/{self.fetch.version or 'v62.0'}/sobjects/{noun}/{shown}"

    def _answers(self, lead: Any) -> Parsed:
        read = meta_lead_ads.parse if self.source.kind == "meta_lead_ads" else linkedin.parse
        try:
            found = read(json.dumps(lead).encode(), "application/json", {})
        except (Unreadable, *UNEXPECTED):
            found = []
        if len(found) != 1 or isinstance(found[0], Quarantined):
            raise Refused(_OTHER)
        return found[0]

    async def _get(self, path: str) -> Any:
        now = time.monotonic()
        kept = self._kept.get(path)
        if kept is not None and kept[0] > now:
            return kept[1]
        found = await self._ask(path)
        self._kept[path] = (now + KEPT_SECONDS, found)
        self._kept.move_to_end(path)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    async def _ask(self, path: str) -> Any:
        await self._pace.turn()
        try:
            async with asyncio.timeout(TIMEOUT):
                status, headers, body = await self._exchange(path)
        except AddressRefused:
            raise Refused("the API's name leads to an address that is not public") from None
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise Later(type(error).__name__) from None
        if status in _PASSING or status >= 500:
            seconds = _seconds(headers.get("retry-after"))
            self._pace.hold(seconds if seconds is not None and status == 429 else 0.0)
            raise Later(f"it answered {status}", seconds)
        if status in (404, 410):
            raise Gone
        if status != 200:
            raise Refused(f"it answered {status}")
        try:
            return mapping(read_json(body))
        except Unreadable as error:
            raise Refused(f"it answered what cannot be read: {error.reason}") from None

    async def _exchange(self, path: str) -> tuple[int, httpx.Headers, bytes]:
        headers = {"authorization": f"Bearer {self._token}", "accept": "application/json"}
        if self.source.kind == "linkedin":
            headers |= {"linkedin-version": self.fetch.version or "202509", "x-restli-protocol-version": "2.0.0"}
        private = self.fetch.allow_private
        request = await pinned(self._client, "GET", f"{self._base}{path}", headers, allow_private=private)
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > MAX_ANSWER:
                    raise Refused(f"it answered over {MAX_ANSWER} bytes")
                parts.append(part)
            return answer.status_code, answer.headers, b"".join(parts)
        finally:
            await answer.aclose()


class _Pace:
    """One request every so often; all wait where the API asks for a pause."""

    def __init__(self, per_second: float) -> None:
        self._gap, self._next = 1.0 / per_second, 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + self._gap
        if at > now:
            await asyncio.sleep(at - now)

    def hold(self, seconds: float) -> None:
        self._next = max(self._next, time.monotonic() + min(seconds, 3600.0))


def _seconds(said: str | None) -> float | None:
    """`Retry-After`, in seconds or as a date."""
    if said is None:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _person(signal: Signal) -> str | None:
    return next((r.id for r in signal.references if r.object == "person"), None)


def _account(signal: Signal) -> str | None:
    return next((r.account for r in signal.references), None)


def _associated(answer: Mapping[str, Any]) -> str | None:
    rows: Iterator[Any] = iter(answer.get("results") or [])
    return next((said for row in rows if (said := text(mapping(row).get("id")))), None)


def _hubspot(record: Mapping[str, Any]) -> Parsed:
    said = mapping(record.get("properties"))
    return Parsed(
        kind=Kind.CONTACT_UPDATED,
        dedupe_key="fetched",
        person=Person(
            email=text(said.get("email")),
            first_name=text(said.get("firstname")),
            last_name=text(said.get("lastname")),
            phone=text(said.get("phone")) or text(said.get("mobilephone")),
        ),
        company=_company(
            {
                "name": text(said.get("company")),
                "domain": text(said.get("website")),
                "industry": text(said.get("industry")),
                "country": text(said.get("country")),
                "employees": text(said.get("numberofemployees")),
                "region": text(said.get("state")),
                "city": text(said.get("city")),
                "postcode": text(said.get("zip")),
            }
        ),
        language=text(said.get("hs_language")),
    )


def _salesforce(record: Mapping[str, Any]) -> Parsed:
    return Parsed(
        kind=Kind.CONTACT_UPDATED,
        dedupe_key="fetched",
        person=Person(
            email=text(record.get("Email")),
            first_name=text(record.get("FirstName")),
            last_name=text(record.get("LastName")),
            phone=text(record.get("Phone")) or text(record.get("MobilePhone")),
        ),
        company=_company(
            {
                "name": text(record.get("Company")),
                "domain": text(record.get("Website")),
                "industry": text(record.get("Industry")),
                "country": text(record.get("CountryCode")) or text(record.get("Country")),
                "employees": text(record.get("NumberOfEmployees")),
                "region": text(record.get("State")) or text(record.get("MailingState")),
                "city": text(record.get("City")) or text(record.get("MailingCity")),
                "postcode": text(record.get("PostalCode")) or text(record.get("MailingPostalCode")),
            }
        ),
    )


def _company(said: Mapping[str, str | None]) -> Company:
    """What is not known is left out, and so is a size that is a range or words."""
    known = {name: value for name, value in said.items() if value is not None}
    if not known.get("employees", "0").isdecimal():
        del known["employees"]
    return Company.model_validate(known)


def _filled(thin: Parsed, found: Parsed) -> Parsed:
    """Gaps of the webhook filled with what was fetched."""
    person = {n: v for n, v in vars(found.person).items() if v is not None}
    company = {n: v for n, v in vars(found.company).items() if v is not None}
    return thin.model_copy(
        update={
            "person": Person(**person | {n: v for n, v in vars(thin.person).items() if v is not None}),
            "company": Company(**company | {n: v for n, v in vars(thin.company).items() if v is not None}),
            "fields": {**found.fields, **thin.fields},
            "utm": {**found.utm, **thin.utm},
            "consents": thin.consents or found.consents,
            "language": thin.language or found.language,
            "campaign": thin.campaign or found.campaign,
            "form_id": thin.form_id or found.form_id,
            "mode": found.mode if found.mode == "test" else thin.mode,
        }
    )
