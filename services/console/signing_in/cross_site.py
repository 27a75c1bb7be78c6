"""Whether a request was made by a page of ours. Three proofs, each of which alone would do in a browser of today: where the browser
says that it comes from, its cookie's `SameSite`, and a token that only our pages know."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER, TOKEN_FIELD = "x-csrf-token", "csrf"


def why_not_looked_at(headers: Mapping[str, str]) -> str | None:
    """None where a reading request may be answered: one by which another site would embed or fetch what is here is not. Whoever
    follows a link from elsewhere may."""
    site = headers.get("sec-fetch-site", "none")
    if site in ("same-origin", "none"):
        return None
    navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return None if navigates else "another site asks"


def why_not_done(headers: Mapping[str, str], origin: str) -> str | None:
    """None where a request that changes something comes from a page of `origin`, else the rule. Every browser of today says where
    it comes from by one header or the other; whoever says neither is no browser."""
    site, said = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and said is None:
        return "the browser does not say which page asks"
    if site not in (None, "same-origin") or said not in (None, origin):
        return "another site asks"
    return None


def is_token(sent: str, token: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(sent.encode(), token.encode())
