"""What people are told where something did not go, by the code of the problem.

Imported by: answering and signing_in.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.console.language.reader import Reader
from services.console.language.words import mark

TROUBLES: Mapping[str, str] = {
    "no_session": mark("Please sign in to see this page."),
    "link_over": mark("This link has been used, or it is too old. The command `stafett link` prints a new one."),
    "no_person": mark(
        "You are who you say you are, but you are not in the list of people who work here. Ask your manager to add you."
    ),
    "sign_in_failed": mark("Signing in did not work. Please start again."),
    "provider_away": mark("Your sign-in provider does not answer. Please try again in a moment."),
    "cross_site": mark("This was not asked for by a page of ours, so nothing was done. Open the page and try again."),
    "not_found": mark("There is nothing here, or it is not yours to see."),
    "not_yours": mark("This is not yours to see."),
    "method": mark("This address does not take that."),
    "too_large": mark("That was too much text."),
    "too_many": mark("That was too often. Please wait a moment."),
    "unavailable": mark("Stafett cannot reach its data right now. Nothing is lost; please try again in a moment."),
    "internal": mark("Something went wrong with us. It has been noted, and nothing was changed."),
}
_OTHER = mark("That did not work. Nothing was changed.")


def trouble_text(code: str, reader: Reader) -> str:
    """In the reader's language; what is between back quotes is a command."""
    return reader.say(TROUBLES.get(code, _OTHER))
