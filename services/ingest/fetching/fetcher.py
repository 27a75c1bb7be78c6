"""Completes the signals of one source by its vendor's API."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from schemas.certain import certain
from schemas.json_values import JsonValue
from schemas.signals import Kind, Parsed, Signal
from schemas.sources import FETCHED, Source
from services.ingest.configured.boxes import with_box_consents
from services.ingest.configured.sales import with_sales_words
from services.ingest.fetching.ads import LinkedIn, Meta
from services.ingest.fetching.asking import Asker, Gone, Later, Refused
from services.ingest.fetching.close import Close
from services.ingest.fetching.gohighlevel import GoHighLevel
from services.ingest.fetching.hubspot import HubSpot
from services.ingest.fetching.pipedrive import Pipedrive
from services.ingest.fetching.salesforce import Salesforce
from services.ingest.fetching.vendor import OTHER, Vendor
from services.ingest.parsers.bounds.faults import note_fault
from services.ingest.parsers.bounds.unreadable import EndsReading, Unreadable

_NOT_ASKED = frozenset({Kind.CONTACT_DELETED, Kind.COMPANY_DELETED, Kind.DEAL_DELETED, Kind.UNCLASSIFIED})
VENDORS: Mapping[str, type[Vendor]] = {
    "meta_lead_ads": Meta,
    "linkedin": LinkedIn,
    "hubspot": HubSpot,
    "salesforce": Salesforce,
    "pipedrive": Pipedrive,
    "close": Close,
    "gohighlevel": GoHighLevel,
}


class Fetcher:
    """Asks for one source. `complete` gives the facts; requests are paced, and answers kept for half a minute."""

    def __init__(self, source: Source, token: str, client: httpx.AsyncClient | None = None) -> None:
        self.source, self.fetch = source, certain(source.fetch, "only sources that say how are fetched")
        self._vendor = VENDORS[source.kind](self.fetch)
        base = self.fetch.base_url or FETCHED[source.kind] or ""
        self._asker = Asker(self.fetch, base, self._vendor.headers(token), client)

    async def close(self) -> None:
        await self._asker.close()

    def wants(self, signal: Signal) -> bool:
        """Whether it leaves out who it is about, and names what can be asked for."""
        if signal.mode == "test" or signal.kind in _NOT_ASKED or signal.person.email is not None:
            return False
        return self._vendor.wants(_facts(signal))

    async def complete(self, signal: Signal) -> Parsed:
        """The signal's facts with those that were fetched; what the webhook itself said wins. Raises Later, Refused, Gone."""
        facts, asked = _facts(signal), []

        async def ask(path: str) -> Mapping[str, JsonValue]:
            asked.append(path)
            return await self._asker.get(path)

        try:
            whole = await self._vendor.complete(facts, ask)
        except Refused:
            self._asker.forget(asked)  # a redrive asks again
            raise
        except (Later, Gone):
            raise
        except (Unreadable, EndsReading):
            self._asker.forget(asked)
            raise Refused(OTHER) from None
        except Exception as error:  # noqa: BLE001 - a sender may answer anything: our fault with it is counted, and the signal set aside for a redrive
            self._asker.forget(asked)
            note_fault(error)
            raise Refused(OTHER) from None
        whole = with_box_consents(whole, self.source.consents)
        return whole if whole.kind == facts.kind else with_sales_words(whole, self.source.sales)


def _facts(signal: Signal) -> Parsed:
    """What the webhook said: what was only assumed of the company is asked for, not held against the answer."""
    fields = {name: getattr(signal, name) for name in Parsed.__struct_fields__}
    company = signal.company.but(**dict.fromkeys(signal.assumed))
    return Parsed(**{**fields, "company": company})
