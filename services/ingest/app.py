"""The hot route, `POST /v1/hooks/{source}`: a plain route, for the framework's machinery costs more than the work."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, RedirectResponse, Response

from schemas.may import May
from schemas.signals import Parsed, Quarantined, Signal
from schemas.sources import Scheme, Source
from services.door.bodies import BodyRefused
from services.door.problems import Trouble
from services.door.proxies import Network, client_in, client_of, network_of, origin_of
from services.ingest.accepting.intake import Intake, NowhereToPut
from services.ingest.browsers import preflight, shared_with
from services.ingest.by_get import ALLOWED, FORM, form_in, is_form, names_somebody
from services.ingest.configured.boxes import with_box_consents
from services.ingest.configured.may import apply_may
from services.ingest.configured.sales import with_sales_words
from services.ingest.configured.source import Configured
from services.ingest.echoes import Echoes
from services.ingest.limits.gate import Gate
from services.ingest.limits.offload import Offload
from services.ingest.limits.stops import Stops
from services.ingest.normalising.normalise import to_signal
from services.ingest.normalising.requests import why_nobody
from services.ingest.parsers.bounds.faults import read_or_quarantine
from services.ingest.parsers.bounds.pieces import facts_in, take_turns
from services.ingest.parsers.platforms.salesforce import ACK
from services.ingest.parsers.reading.safely import Result, events_at_most
from services.ingest.proof.handshake import answer_challenge, answer_probe
from services.ingest.proof.signed_ids import empty_unsigned_ids, read_signed
from services.ingest.proof.verify import Refused, Request, verify
from services.ingest.quarantine.aside import WHOLE, set_aside, too_large
from services.ports.errors import QuarantineFull
from services.ports.rows import Quarantine

MISSING = "the delivery's proof is missing, or no source has this name"


class Understood(NamedTuple):
    """The signals in a body, and the parts that were not understood or that the source may not say. `may_not`: how many
    signals lack which class of facts, in part or as a whole."""

    signals: list[Signal]
    unclear: list[Quarantined]
    may_not: Counter[May]


class Hooks:
    """`public_url` is our base URL as senders see it, for schemes that sign the URL; without it `trusted` proxies are
    believed, and nobody else. `offload` reads large bodies. `stops` knows sources whose signals cannot be processed, `echoes` what
    our sinks wrote."""

    def __init__(
        self,
        sources: Mapping[str, Configured],
        intake: Intake,
        key: bytes,
        now: Callable[[], datetime],
        public_url: str | None = None,
        trusted: Sequence[Network] = (),
        offload: Offload | None = None,
        ticks: Callable[[], float] = time.monotonic,
        stops: Stops | None = None,
        echoes: Echoes | None = None,
    ) -> None:
        self._sources, self._intake, self._key, self._now = sources, intake, key, now
        self._public_url, self._trusted = public_url, trusted
        self._offload = offload or Offload()
        self._stops, self._echoes = stops, echoes
        self._gate = Gate((entry.source for entry in sources.values()), ticks)

    async def answer(self, request: HttpRequest) -> Response:
        try:
            answer = await self._take(request)
        except Trouble as trouble:
            answer = trouble.response()
        except BodyRefused as refused:
            answer = Trouble(refused.code, refused.detail, refused.retry_after).response()
        except NowhereToPut:
            answer = Trouble("unavailable", "the signal could not be stored", retry_after=5).response()
        configured = self._sources.get(request.path_params["source"])
        if configured is not None and configured.source.origins:
            answer.headers.update(shared_with(request.headers.get("origin"), configured.source.origins))
        return answer

    async def _take(self, request: HttpRequest) -> Response:
        configured = self._sources.get(request.path_params["source"])
        client = network_of(client_in(request.scope, self._trusted))
        if configured is None:
            # As a delivery without a proof is answered: names of sources are not to be listed.
            self._gate.keep_out(None, client)
            self._gate.fail(None, client, "no_source")
            raise Trouble("not_verified", MISSING)
        source = configured.source
        declared = _declared_length(request)
        self._gate.enter(source, client, declared)
        if self._stops is not None and source.verify.scheme != "none" and self._stops.is_stopped(source.name):
            # Who proves nothing cannot send again: what is wrong of theirs is set aside one by one.
            request.state.outcome = "stopped"
            raise Trouble("stopped", retry_after=300)
        if source.origins and request.headers.get("origin", source.origins[0]) not in source.origins:
            raise Trouble("not_verified", "this source takes nothing from pages of that origin")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw}
        if request.method == "GET":
            body, headers["content-type"] = form_in(request, source.verify), FORM
        else:
            body = await _body(request, source.max_body)
        self._gate.weigh(source, client, len(body) - declared)
        delivery = self._delivery(request, source.verify, headers, body)
        now = self._now()
        try:
            outcome = await self._offload.run(body, lambda: read_delivery(configured, delivery, now, self._key), client)
        except Refused as refused:
            self._gate.fail(source.name, client, refused.code)
            why = MISSING if refused.code == "missing" else f"the delivery's proof is {refused.code}"
            raise Trouble("not_verified", why) from None
        if isinstance(outcome, Response):
            return outcome
        self._gate.count(source, client, len(outcome.signals) + len(outcome.unclear))
        if self._echoes is not None:
            signals = await self._echoes.recognise(source.name, outcome.signals, now, body)
            outcome = outcome._replace(signals=signals)
        request.state.may_not = outcome.may_not
        request.state.echoes = Counter(signal.echo for signal in outcome.signals if signal.echo is not None)
        return await self._store(request, source, delivery=delivery, understood=outcome, now=now)

    async def greet(self, request: HttpRequest) -> Response:
        """GET, HEAD and OPTIONS: what senders ask before they send; and a form that is sent by GET."""
        if self.is_form(request):
            return await self.answer(request)
        configured = self._sources.get(request.path_params["source"])
        client = network_of(client_in(request.scope, self._trusted))
        try:
            if configured is None:
                self._gate.keep_out(None, client)
                self._gate.fail(None, client, "no_source")
                raise Trouble("no_source")
            self._gate.enter(configured.source, client)
        except Trouble as trouble:
            return trouble.response()
        source = configured.source
        if request.method == "OPTIONS" and source.origins and "access-control-request-method" in request.headers:
            return preflight(request.headers.get("origin"), source.origins)
        if names_somebody(request, source):
            return Trouble("method", "this source takes deliveries by POST only").response({"Allow": ALLOWED})
        answer = answer_probe(configured, request.method, request.query_params, request.headers)
        if answer is None:
            self._gate.fail(source.name, client, "handshake")
            return Trouble("not_verified", "the caller does not know this source's word").response()
        return answer

    def is_form(self, request: HttpRequest) -> bool:
        """Whether a request by GET is a form of one of the sources."""
        configured = self._sources.get(request.path_params["source"])
        return configured is not None and is_form(request, configured.source)

    def _delivery(self, request: HttpRequest, scheme: Scheme, headers: dict[str, str], body: bytes) -> Request:
        """What costs time to put together only where the scheme asks for it."""
        peer = request.client.host if request.client else ""
        client = client_of(peer, headers, self._trusted) if scheme.networks else ""
        url = self._url(request, headers, peer) if scheme.signs_url else ""
        return Request(method=request.method, url=url, headers=headers, body=body, client=client)

    def _url(self, request: HttpRequest, headers: dict[str, str], peer: str) -> str:
        """The URL as the sender called it, with its path and query as sent."""
        path = request.scope.get("raw_path") or request.scope["path"].encode()
        query = request.scope.get("query_string") or b""
        sent = path.decode("latin-1").partition("?")[0] + (f"?{query.decode('latin-1')}" if query else "")
        base = self._public_url
        if base is None:
            base = origin_of(
                peer, headers, trusted=self._trusted, scheme=request.scope["scheme"], host=headers.get("host", "")
            )
        return f"{base.rstrip('/')}{sent}"

    async def _store(
        self, request: HttpRequest, source: Source, delivery: Request, understood: Understood, now: datetime
    ) -> Response:
        """The signals first, since what is set aside may be one of them. `request.state.outcome` is for the metrics."""
        body, headers, signals = delivery.body, delivery.headers, understood.signals
        taken = await self._intake.take(signals, thin=source.fetch is not None)
        unclear = [*understood.unclear, *too_large(signals, taken)]
        aside = await self._entries(source, unclear, delivery, now) if unclear else []
        try:
            await self._intake.set_aside(aside, source.verify.scheme == "none")
        except QuarantineFull as full:
            self._gate.note(source.name, "quarantine_full")
            raise Trouble("too_many", f"{full}; it takes more once they are looked at", retry_after=300) from None
        request.state.outcome = "quarantined" if aside else "spooled" if taken.spooled else "accepted"
        if source.kind == "salesforce" and body.lstrip()[:1] == b"<":
            return Response(ACK, media_type="text/xml")
        if source.kind == "google_ads":
            return JSONResponse({})
        if source.redirect is not None and "text/html" in headers.get("accept", ""):
            return RedirectResponse(source.redirect, 303)
        return _accepted_answer([signal for signal in signals if signal not in taken.large], aside)

    async def _entries(
        self, source: Source, unclear: Sequence[Quarantined], delivery: Request, now: datetime
    ) -> list[Quarantine]:
        """What is kept of a delivery that was not understood as a whole."""
        # When it is read again the signatures are gone: an id that nobody signed must not be believed then.
        headers = empty_unsigned_ids(source.verify, delivery.headers)
        return await self._offload.run(
            delivery.body,
            lambda: set_aside(source, unclear, body=delivery.body, headers=headers, now=now),
            client=f"set aside of {source.name}",  # its client may have the next body read meanwhile
        )


def read_delivery(configured: Configured, delivery: Request, now: datetime, key: bytes) -> Understood | Response:
    """A genuine delivery as signals, or the answer to a handshake. It touches nothing but its arguments, so that it may run
    on any thread. Raises Refused."""
    source, headers, body = configured.source, delivery.headers, delivery.body
    verify(source.verify, configured.secrets, delivery, now.timestamp())
    if (answer := answer_challenge(source.kind, body, configured.secrets)) is not None:
        return answer
    with events_at_most(source.events_at_once, source.values_at_once, len(body)):
        believed = empty_unsigned_ids(source.verify, headers)
        items = read_signed(source, body, headers.get("content-type", ""), believed)
    return signals_of(source, items, received_at=now, key=key, traceparent=headers.get("traceparent"))


def signals_of(
    source: Source, items: Result, received_at: datetime, key: bytes, traceparent: str | None = None
) -> Understood:
    """What was read, as records for the log and the rest. A request by a person that names nobody is set aside, but where
    the sender's API is asked who it is; so is what the source may not say."""
    signals: list[Signal] = []
    unclear: list[Quarantined] = []
    may_not: Counter[May] = Counter()
    for number, item in enumerate(take_turns(items, facts_in), 1):
        if isinstance(item, Quarantined):
            unclear.append(item)
            continue
        where = WHOLE if len(items) == 1 else f"event {number}"
        read = read_or_quarantine(
            where, partial(_signal_of, source, item, received_at, key=key, traceparent=traceparent)
        )
        if isinstance(read, Quarantined):
            unclear.append(read)
            continue
        may_not.update(read.may_not)
        if read.signal is not None:
            signals.append(read.signal)
        if read.why is not None:
            unclear.append(Quarantined(quarantined=read.why, where=where))
    return Understood(signals, unclear, may_not)


class _Read(NamedTuple):
    """What one event came to: a signal, or why there is none, or both where the source may not say a part of it."""

    signal: Signal | None
    why: str | None
    may_not: Sequence[May]


def _signal_of(source: Source, item: Parsed, received_at: datetime, key: bytes, traceparent: str | None) -> _Read:
    permitted, why, lacking = apply_may(
        with_box_consents(with_sales_words(item, source.sales), source.consents), source
    )
    if permitted is None:
        return _Read(None, why, lacking)
    signal = to_signal(permitted, source, received_at=received_at, key=key, traceparent=traceparent)
    nobody = None if source.fetch is not None else why_nobody(signal, signal.identities, source.number_region)
    return _Read(signal if nobody is None else None, why or nobody, lacking)


def _accepted_answer(signals: Sequence[Signal], aside: Sequence[Quarantine]) -> Response:
    answer = {"signals": [signal.id for signal in signals], "quarantined": [entry.id for entry in aside]}
    return Response(_JSON(answer), 202, media_type="application/json")


_JSON = msgspec.json.Encoder().encode


def _declared_length(request: HttpRequest) -> int:
    """Bytes that the body is said to have; 0 where nothing is said. What it had is counted in the end."""
    header = request.headers.get("content-length", "0")
    return int(header) if header.isdecimal() and len(header) < 12 else 0


async def _body(request: HttpRequest, limit: int) -> bytes:
    """Bounded in size, whatever the length header says; in time, and in sum with all others, it is at the door. Raises
    Trouble, BodyRefused."""
    size, parts = 0, []
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Trouble("too_large", f"a body of this source has at most {limit} bytes")
        parts.append(part)
    return b"".join(parts)
