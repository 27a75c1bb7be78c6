"""HubSpot's subscription types: who is unsubscribed from one by us, what they were before, and nobody else's no taken back.

A status is ours where its explanation is ours; what the person, or anybody else, sets after us has another one, or none, and is left as it
is. Were HubSpot to keep no explanation, then nothing would look like ours, and nobody would be subscribed again.

Source: HubSpot's published description of its subscriptions API, version 2026-09. It names people by address, so the contact's is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from schemas.json_values import JsonObject
from services.outbound.hubspot_paths import VERSION, record_path
from services.sinks.audiences import IN, Audience, Presence
from services.sinks.outcomes import Trouble
from services.sinks.platforms.answers import rows_in
from services.sinks.vendors.hubspot_calls import HubspotCalls

PREFERENCES = f"/communication-preferences/{VERSION}"
EXPLANATION = "Stafett: sales talks with them"
"""How a status of ours is known again."""
SUBSCRIBED, UNSUBSCRIBED, UNSET = "SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"


class HubspotSubscriptions:
    """Of one account, as one service key or app."""

    def __init__(self, calls: HubspotCalls) -> None:
        self._calls = calls

    async def presence(self, contact: str, audience: Audience) -> Presence:
        """How the contact is unsubscribed. Raises Trouble (gone)."""
        email = await self._address(contact)
        answer = await self._calls.read(f"{_statuses(email)}?channel=EMAIL") or {}
        same = (row for row in rows_in(answer.get("results")) if str(row.get("subscriptionId")) == audience.id)
        row: JsonObject = next(same, {})
        status = str(row.get("status") or UNSET)
        if status != UNSUBSCRIBED:
            return Presence(status.casefold(), is_in=False)
        is_ours = row.get("legalBasisExplanation") == EXPLANATION
        return Presence(IN if is_ours else status.casefold(), is_in=True)

    async def unsubscribe(self, contact: str, audience: Audience) -> None:
        """Raises Trouble."""
        await self._set(contact, audience, UNSUBSCRIBED)

    async def restore(self, contact: str, audience: Audience, word: str) -> None:
        """What it was before, by its word. Raises Trouble; `refused_data` where HubSpot subscribes the contact no more."""
        if word in (SUBSCRIBED.casefold(), UNSET.casefold()):
            await self._set(contact, audience, word.upper())

    async def problems(self, audiences: Sequence[Audience]) -> list[str]:
        """Of subscription types that cannot be used. Raises Trouble."""
        if not audiences:
            return []
        answer = await self._calls.read(f"{PREFERENCES}/definitions") or {}
        types = {str(row.get("id")): row for row in rows_in(answer.get("results"))}
        names = ", ".join(f"{ident} is {row.get('name')}" for ident, row in types.items() if not row.get("isInternal"))
        problems = []
        for audience in audiences:
            found = types.get(audience.id)
            if found is None:
                problems.append(f"unsubscribe_from: there is no subscription type {audience.id} ({names})")
            elif found.get("isInternal"):
                problems.append(
                    f"unsubscribe_from: {audience.id} is of mail from person to person, which is not to stop"
                )
        return problems

    async def _set(self, contact: str, audience: Audience, status: str) -> None:
        body: JsonObject = {"channel": "EMAIL", "subscriptionId": int(audience.id), "statusState": status}
        if status == UNSUBSCRIBED:
            body["legalBasisExplanation"] = EXPLANATION
        await self._calls.write("POST", _statuses(await self._address(contact)), body)

    async def _address(self, contact: str) -> str:
        answer = await self._calls.read(record_path("contacts", contact, properties=("email",)))
        email = ((answer or {}).get("properties") or {}).get("email")
        if not email:
            raise Trouble("gone", "no_such_contact" if answer is None else "contact_has_no_address")
        return str(email)


def _statuses(email: str) -> str:
    return f"{PREFERENCES}/statuses/{quote(email, safe='')}"
