"""The hot route, `POST /v1/hooks/{source}`: a plain route, for the framework's machinery costs more than the work."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from schemas.may import May
from schemas.signals import Parsed, Quarantined, Signal
from schemas.sources import Scheme, Source
from services.door.answers import Answer, answer_of, json_answer, response_of
from services.door.bodies import BodyRefused
from services.door.headers import names_a_host, no_host
from services.door.problems import Trouble
from services.door.proxies import Network, client_in, client_of, network_of, origin_of
from services.ingest.accepting.intake import Intake, NowhereToPut
from services.ingest.browsers import preflight, shared_with
from services.ingest.by_get import ALLOWED, FORM, form_in, is_form, names_somebody
from services.ingest.call import Call
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

Answering = Callable[[Call], Awaitable[Answer]]
"""What answers a delivery."""
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
    our sinks wrote. `on_answer` is told each call with the status it was answered, `around` is put around what answers."""

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
        on_answer: Callable[[Call, int], None] = lambda *_: None,
        around: Callable[[Answering], Answering] = lambda answer: answer,
    ) -> None:
        self._sources, self._intake, self._key, self._now = sources, intake, key, now
        self._public_url, self._trusted = public_url, trusted
        self._offload = offload or Offload()
        self._stops, self._echoes, self._on_answer = stops, echoes, on_answer
        self._answer = around(self.answer)
        self._gate = Gate((entry.source for entry in sources.values()), ticks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The hot route as an ASGI application of its own; the path's source is among the scope's `path_params`."""
        if not names_a_host(scope):
            await answer_of(no_host().response()).send(send)
            return
        answer = await self._answer(Call(scope, receive))
        await answer.send(send)

    async def answer(self, call: Call) -> Answer:
        """What a delivery is answered, and `on_answer` told."""
        try:
            answer = await self._take(call)
        except Trouble as trouble:
            answer = answer_of(trouble.response())
        except BodyRefused as refused:
            answer = answer_of(Trouble(refused.code, refused.detail, refused.retry_after).response())
        except NowhereToPut:
            answer = answer_of(Trouble("unavailable", "the signal could not be stored", retry_after=5).response())
        configured = self._sources.get(call.source)
        if configured is not None and configured.source.origins:
            shared = shared_with(call.origin(), configured.source.origins)
            answer = answer._replace(headers=[*answer.headers, *_pairs(shared)])
        self._on_answer(call, answer.status)
        return answer

    async def _take(self, call: Call) -> Answer:
        configured = self._sources.get(call.source)
        client = network_of(client_in(call.scope, self._trusted))
        if configured is None:
            # As a delivery without a proof is answered: names of sources are not to be listed.
            self._gate.keep_out(None, client)
            self._gate.fail(None, client, "no_source")
            raise Trouble("not_verified", MISSING)
        source = configured.source
        declared = call.declared_length()
        self._gate.enter(source, client, declared)
        if self._stops is not None and source.verify.scheme != "none" and self._stops.is_stopped(source.name):
            # Who proves nothing cannot send again: what is wrong of theirs is set aside one by one.
            call.outcome = "stopped"
            raise Trouble("stopped", retry_after=300)
        if source.origins and call.origin(source.origins[0]) not in source.origins:
            raise Trouble("not_verified", "this source takes nothing from pages of that origin")
        if call.method == "GET":
            body, call.headers["content-type"] = form_in(call.scope, source.verify), FORM
        else:
            body = await call.body(source.max_body)
        self._gate.weigh(source, client, len(body) - declared)
        delivery = self._delivery(call, source.verify, body)
        now = self._now()
        try:
            outcome = await self._offload.run(body, lambda: read_delivery(configured, delivery, now, self._key), client)
        except Refused as refused:
            self._gate.fail(source.name, client, refused.code)
            why = MISSING if refused.code == "missing" else f"the delivery's proof is {refused.code}"
            raise Trouble("not_verified", why) from None
        if isinstance(outcome, Response):
            return answer_of(outcome)
        self._gate.count(source, client, len(outcome.signals) + len(outcome.unclear))
        if self._echoes is not None:
            signals = await self._echoes.recognise(source.name, outcome.signals, now, body)
            outcome = outcome._replace(signals=signals)
        if echoes := [signal.echo for signal in outcome.signals if signal.echo is not None]:
            call.echoes = Counter(echoes)
        call.may_not = outcome.may_not
        return await self._store(call, source, delivery=delivery, understood=outcome, now=now)

    async def greet(self, request: HttpRequest) -> Response:
        """GET, HEAD and OPTIONS: what senders ask before they send; and a form that is sent by GET."""
        if self.is_form(request):
            return response_of(await self._answer(Call(request.scope, request.receive)))
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
        if names_somebody(request.scope, source):
            return Trouble("method", "this source takes deliveries by POST only").response({"Allow": ALLOWED})
        answer = answer_probe(configured, request.method, request.query_params, request.headers)
        if answer is None:
            self._gate.fail(source.name, client, "handshake")
            return Trouble("not_verified", "the caller does not know this source's word").response()
        return answer

    def is_form(self, request: HttpRequest) -> bool:
        """Whether a request by GET is a form of one of the sources."""
        configured = self._sources.get(request.path_params["source"])
        return configured is not None and is_form(request.scope, configured.source)

    def _delivery(self, call: Call, scheme: Scheme, body: bytes) -> Request:
        """What costs time to put together only where the scheme asks for it."""
        client = client_of(call.peer(), call.headers, self._trusted) if scheme.networks else ""
        url = self._url(call) if scheme.signs_url else ""
        return Request(method=call.method, url=url, headers=call.headers, body=body, client=client)

    def _url(self, call: Call) -> str:
        """The URL as the sender called it, with its path and query as sent."""
        scope, headers = call.scope, call.headers
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string") or b""
        sent = path.decode("latin-1").partition("?")[0] + (f"?{query.decode('latin-1')}" if query else "")
        base = self._public_url
        if base is None:
            base = origin_of(
                call.peer(), headers, trusted=self._trusted, scheme=scope["scheme"], host=headers.get("host", "")
            )
        return f"{base.rstrip('/')}{sent}"

    async def _store(
        self, call: Call, source: Source, delivery: Request, understood: Understood, now: datetime
    ) -> Answer:
        """The signals first, since what is set aside may be one of them."""
        body, headers, signals = delivery.body, delivery.headers, understood.signals
        taken = await self._intake.take(signals, thin=source.fetch is not None)
        unclear = [*understood.unclear, *too_large(signals, taken)]
        aside = await self._entries(source, unclear, delivery, now) if unclear else []
        try:
            await self._intake.set_aside(aside, source.verify.scheme == "none")
        except QuarantineFull as full:
            self._gate.note(source.name, "quarantine_full")
            raise Trouble("too_many", f"{full}; it takes more once they are looked at", retry_after=300) from None
        call.outcome = "quarantined" if aside else "spooled" if taken.spooled else "accepted"
        if source.kind == "salesforce" and body.lstrip()[:1] == b"<":
            return answer_of(Response(ACK, media_type="text/xml"))
        if source.kind == "google_ads":
            return answer_of(JSONResponse({}))
        if source.redirect is not None and "text/html" in headers.get("accept", ""):
            return answer_of(RedirectResponse(source.redirect, 303))
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


def _accepted_answer(signals: Sequence[Signal], aside: Sequence[Quarantine]) -> Answer:
    answer = {"signals": [signal.id for signal in signals], "quarantined": [entry.id for entry in aside]}
    return json_answer(202, _JSON(answer))


_JSON = msgspec.json.Encoder().encode


def _pairs(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
