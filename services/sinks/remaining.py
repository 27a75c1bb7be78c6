"""What a vendor's answer says of how much it still allows. Pure.

Our own count knows nothing of what others use of the same limit, so where the vendor says less than we counted, the vendor is believed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

BURST = (
    "x-hubspot-ratelimit-remaining",
    "x-ms-ratelimit-burst-remaining-xrm-requests",
    "x-ratelimit-remaining",
    "ratelimit-remaining",
)
"""Calls that are left in the window: HubSpot; Dynamics 365; Pipedrive and Upsales; whoever keeps to the drafts of the IETF."""
DAY = ("x-hubspot-ratelimit-daily-remaining",)
_IN_ONE = re.compile(r"\bremaining=(\d+)")
"""Close's: `RateLimit: limit=160, remaining=159, reset=8`."""
_USAGE = re.compile(r"\bapi-usage=(\d+)/(\d+)")
"""Salesforce's `Sforce-Limit-Info`: calls of the last 24 hours, and how many there may be."""


class Remaining(NamedTuple):
    """Calls that are left, in the window and of the day; None where the answer does not say."""

    burst: int | None = None
    day: int | None = None


def remaining_in(headers: Mapping[str, str]) -> Remaining:
    """By lower-case names; nonsense is as if it were not there."""
    burst, day = _first(headers, BURST), _first(headers, DAY)
    if burst is None and (match := _IN_ONE.search(headers.get("ratelimit", ""))):
        burst = int(match[1])
    if match := _USAGE.search(headers.get("sforce-limit-info", "")):
        day = max(0, int(match[2]) - int(match[1]))
    return Remaining(burst, day)


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    texts = (headers.get(name, "").strip() for name in names)
    return next((int(text) for text in texts if text.isascii() and text.isdigit()), None)
