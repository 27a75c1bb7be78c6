"""The words around signing in, by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.notify import Language


class Words(NamedTuple):
    """`errors` by code of the problem, `other` for those that have no words of their own. `{person}` is a person's id."""

    sign_in: str
    please: str
    by_provider: str
    by_link: str
    by_nothing: str
    you_are: str
    roles: str
    sign_out: str
    everywhere: str
    signed_out: str
    of_provider: str
    to_page: str
    errors: Mapping[str, str]
    other: str


_EN = Words(
    sign_in="Sign in",
    please="Please sign in to see this page.",
    by_provider="Sign in with your work login",
    by_link="Open the link that Stafett printed when it started. The command `stafett link` prints a new one.",
    by_nothing="Nobody can sign in here yet. Whoever runs Stafett connects it to your sign-in provider first.",
    you_are="You are signed in as {person}.",
    roles="Roles:",
    sign_out="Sign out",
    everywhere="Sign out on all my devices",
    signed_out="You are signed out.",
    of_provider="Sign out of your work login too",
    to_page="To the page",
    errors={
        "no_session": "Please sign in to see this page.",
        "link_over": "This link has been used, or it is too old. The command `stafett link` prints a new one.",
        "no_person": "You are who you say you are, but you are not in the list of people who work here. Ask your manager to add you.",
        "sign_in_failed": "Signing in did not work. Please start again.",
        "provider_away": "Your sign-in provider does not answer. Please try again in a moment.",
        "cross_site": "This was not asked for by a page of ours, so nothing was done. Open the page and try again.",
        "not_found": "There is nothing here, or it is not yours to see.",
        "not_yours": "This is not yours to see.",
        "method": "This address does not take that.",
        "too_large": "That was too much text.",
        "too_many": "That was too often. Please wait a moment.",
        "unavailable": "Stafett cannot reach its data right now. Nothing is lost; please try again in a moment.",
        "internal": "Something went wrong with us. It has been noted, and nothing was changed.",
    },
    other="That did not work. Nothing was changed.",
)
_SV = Words(
    sign_in="Logga in",
    please="Logga in för att se den här sidan.",
    by_provider="Logga in med ditt jobbkonto",
    by_link="Öppna länken som Stafett skrev ut vid start. Kommandot `stafett link` skriver ut en ny.",
    by_nothing="Ingen kan logga in här ännu. Den som driver Stafett kopplar först ihop det med er inloggning.",
    you_are="Du är inloggad som {person}.",
    roles="Roller:",
    sign_out="Logga ut",
    everywhere="Logga ut på alla mina enheter",
    signed_out="Du är utloggad.",
    of_provider="Logga ut från jobbkontot också",
    to_page="Till sidan",
    errors={
        "no_session": "Logga in för att se den här sidan.",
        "link_over": "Länken är redan använd, eller för gammal. Kommandot `stafett link` skriver ut en ny.",
        "no_person": "Du är den du säger, men du finns inte bland dem som arbetar här. Be din chef att lägga till dig.",
        "sign_in_failed": "Inloggningen gick inte. Börja om, tack.",
        "provider_away": "Er inloggning svarar inte. Försök igen om en stund.",
        "cross_site": "Detta begärdes inte av en av våra sidor, så inget gjordes. Öppna sidan och försök igen.",
        "not_found": "Här finns inget, eller så är det inte ditt att se.",
        "not_yours": "Detta är inte ditt att se.",
        "method": "Den adressen tar inte emot det.",
        "too_large": "Det var för mycket text.",
        "too_many": "Det var för ofta. Vänta en stund.",
        "unavailable": "Stafett når inte sina data just nu. Inget går förlorat; försök igen om en stund.",
        "internal": "Något gick fel hos oss. Det är antecknat, och inget ändrades.",
    },
    other="Det gick inte. Inget ändrades.",
)
WORDS: Mapping[Language, Words] = {"en": _EN, "sv": _SV}
