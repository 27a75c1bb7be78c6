"""Which file writes to which kind of CRM, and how much each vendor usually allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from schemas.sinks.http import HttpSink
from schemas.sinks.vendors import (
    AnySink,
    CloseSink,
    DynamicsSink,
    EspoSink,
    HubspotSink,
    OdooSink,
    PipedriveSink,
    SalesforceSink,
    TrytonSink,
    UpsalesSink,
    VendorSink,
)
from services.sinks.calls import Caller
from services.sinks.limits import Usual
from services.sinks.vendor import Vendor
from services.sinks.vendors.close import Close
from services.sinks.vendors.dynamics import Dynamics
from services.sinks.vendors.espo import Espo
from services.sinks.vendors.http import Http
from services.sinks.vendors.hubspot import Hubspot
from services.sinks.vendors.odoo import Odoo
from services.sinks.vendors.pipedrive import Pipedrive
from services.sinks.vendors.salesforce import Salesforce
from services.sinks.vendors.tryton import Tryton
from services.sinks.vendors.upsales import Upsales

USUAL: Mapping[str, Usual] = {
    "odoo": Usual(),
    "tryton": Usual(),
    "hubspot": Usual(100, timedelta(seconds=10), 250_000),
    "espo": Usual(),
    "http": Usual(),
    "close": Usual(20, timedelta(seconds=1)),
    "dynamics": Usual(6_000, timedelta(minutes=5)),
    "salesforce": Usual(per_day=100_000),
    # In tokens: 100 of them in two seconds are 20 calls at most, and a seat of the smallest plan has 30,000 a day.
    "pipedrive": Usual(100, timedelta(seconds=2), 30_000),
    # It allows 200 in 10 s, but no more than 5,000 writes in an hour, which two in five calls of ours are.
    "upsales": Usual(200, timedelta(seconds=60), 99_999),
}
"""By kind of sink; docs/crms says where each was read."""


def names_of_secrets(sink: AnySink) -> tuple[str, ...]:
    """The secrets that the sink needs, by name."""
    return sink.secrets if isinstance(sink, HttpSink) else (sink.secret,)


def vendor_of(sink: AnySink, caller: Caller, secrets: Sequence[str], now: Callable[[], datetime]) -> Vendor:
    """The vendor's file for this sink. `secrets` are those of `names_of_secrets`, in their order."""
    if isinstance(sink, HttpSink):
        return Http(sink, caller, secrets)
    (secret,) = secrets
    return _crm_of(sink, caller, secret, now)


def _crm_of(sink: VendorSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> Vendor:
    match sink:
        case OdooSink():
            return Odoo(sink, caller, secret)
        case HubspotSink():
            return Hubspot(sink, caller, secret, now)
        case CloseSink():
            return Close(sink, caller, secret)
        case EspoSink():
            return Espo(sink, caller, secret, now)
        case DynamicsSink():
            return Dynamics(sink, caller, secret, now)
        case SalesforceSink():
            return Salesforce(sink, caller, secret, now)
        case UpsalesSink():
            return Upsales(sink, caller, secret, now)
        case PipedriveSink():
            return Pipedrive(sink, caller, secret, now)
        case TrytonSink():
            return Tryton(sink, caller, secret)
        case _:
            assert_never(sink)
