"""Paths of our API that events and messages to people name, and the public URL that they are below.

Events have paths only: the URL belongs to the deployment, and an event is the same bytes wherever it is decided again.
"""

from __future__ import annotations


def of_lead(lead_id: str) -> str:
    """Where the lead is shown."""
    return f"/v1/leads/{lead_id}"


def of_lead_explanation(lead_id: str) -> str:
    """Why the lead is where it is, whose it is, and what its promises came to."""
    return f"/v1/leads/{lead_id}/explain"


def of_clock_explanation(clock_id: str) -> str:
    """Why a promise is due when it is, and whether it was kept."""
    return f"/v1/clocks/{clock_id}/explain"


def under(public_url: str | None, path: str) -> str:
    """The whole URL of a path; the path as it is where the outside's URL (`STAFETT_HTTP_PUBLIC_URL`) is not configured."""
    return path if public_url is None else f"{public_url.rstrip('/')}{path}"
