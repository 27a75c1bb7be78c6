"""The pages around signing in, and errors told to people. They load nothing and run nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from routing.people.permissions import PAGE
from schemas.notify import Language
from schemas.problems import KINDS
from services.console.signed_in import SignedIn
from services.console.signing_in.language import language_of
from services.console.signing_in.words import WORDS
from services.door.problems import Trouble

_STYLE = """
:root { color-scheme: light dark; }
body { font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto 0; padding: 0 1rem; }
h1 { font-size: 1.4rem; } button, .button { font: inherit; padding: .5rem 1rem; border: 1px solid; border-radius: .3rem;
background: none; color: inherit; text-decoration: none; display: inline-block; cursor: pointer; } form { display: inline; }
:focus-visible { outline: 3px solid; outline-offset: 2px; } code { font-family: ui-monospace, monospace; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
"""What a browser may do with these pages: nothing but their own style and forms to us."""


def reader_language(request: HTTPConnection) -> Language:
    """That of the person who is signed in, else of their browser."""
    reader = request.scope.get(PAGE)
    if isinstance(reader, SignedIn):
        return reader.language
    return language_of(request.headers.get("accept-language", ""))


def answer_page(language: Language, title: str, *parts: str, status: int = 200) -> Response:
    """`parts` are HTML already."""
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)} - Stafett</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{''.join(parts)}</main></body></html>"
    )
    headers = {"content-security-policy": POLICY, "vary": "Accept-Language, Cookie"}
    return HTMLResponse(text, status, headers=headers)


def paragraph(text: str) -> str:
    """What is between back quotes is code."""
    pieces = text.split("`")
    return f"<p>{''.join(f'<code>{escape(p)}</code>' if i % 2 else escape(p) for i, p in enumerate(pieces))}</p>"


def button_to(address: str, text: str) -> str:
    """A link that looks like a button."""
    return f'<p><a class="button" href="{escape(address)}">{escape(text)}</a></p>'


def form_to(address: str, csrf: str, text: str) -> str:
    """A button that posts."""
    field = f'<input type="hidden" name="csrf" value="{escape(csrf)}">'
    return f'<form method="post" action="{escape(address)}">{field}<button>{escape(text)}</button></form> '


def sign_in_address(request: HTTPConnection) -> str:
    """The page of signing in, from which the reader comes back to what they looked at: never to a way of signing in, whose address
    holds what proves them."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = is_local(path) and path != "/" and not path.startswith("/sign-in")
    return f"/sign-in?next={quote(path, safe='')}" if is_page else "/sign-in"


def is_local(path: str) -> bool:
    """Whether it is a path of this page and cannot lead anywhere else: browsers read `//host` and `/\\host` as other hosts."""
    plain = path.isascii() and path.isprintable() and len(path) <= 1000 and "\\" not in path
    return plain and path.startswith("/") and not path.startswith("//") and " " not in path


def answer_trouble(request: HTTPConnection, trouble: Trouble) -> Response:
    """A page for people, a problem (RFC 9457) for programs. What htmx asked for is answered so that the whole page is loaded
    again where somebody has to sign in."""
    headers: Mapping[str, str] = {"vary": "Accept, Cookie"}
    if trouble.code == "no_session" and request.headers.get("hx-request") == "true":
        headers = {**headers, "hx-redirect": "/sign-in"}
    if not reads_html(request.headers):
        return trouble.response(headers)
    language = reader_language(request)
    words = WORDS[language]
    parts = [paragraph(words.errors.get(trouble.code, words.other))]
    if trouble.code in ("no_session", "sign_in_failed", "provider_away"):
        parts.append(button_to(sign_in_address(request), words.sign_in))
    status = KINDS[trouble.code].status
    answer = answer_page(language, f"{status}" if status != 401 else words.sign_in, *parts, status=status)
    answer.headers.update(headers)
    if trouble.retry_after:
        answer.headers["retry-after"] = str(trouble.retry_after)
    return answer


def reads_html(headers: Headers) -> bool:
    """Whether a browser asks, or a program that says what it wants."""
    return "text/html" in headers.get("accept", "")[:1000]
