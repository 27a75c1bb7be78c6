"""A walk over the whole page as its reader takes it: from its beginning along every link that is shown, so that a screen which is added is
walked without a word here. And lives of leads to look at, by their facts and by what people ask for."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.api import bearer

ALIKE = 3
"""Pages of one shape that are looked at: leads are pages of one shape, and so are weeks."""
IDENT = re.compile(
    r"(?<=^/people/)[^/]+|\b[a-z]{2,5}_[a-z2-7]{26}\b|\b[0-9a-f]{12,64}\b|\b\d+(?:\.\d+)*\b|\b\d{4}-W\d\d\b"
)
READ_ALOUD = ("aria-label", "title", "alt", "placeholder", "data-left", "data-late")
"""Attributes that people see or hear."""


class Page(NamedTuple):
    """What was answered at a path: `links` are those that it shows to pages of ours, `words` what people see or hear of it."""

    path: str
    status: int
    text: str
    links: list
    words: str
    own: tuple
    """Texts in the page's own language: those that are marked as of another are left out."""


VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
"""Elements without an end."""


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.addresses, self.words, self._silent = [], [], [], 0
        self.own, self._open = [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._silent += tag in ("script", "style")
        if tag not in VOID:
            self._open.append((tag, tag != "html" and "lang" in given))
        said = [given[name] for name in READ_ALOUD if given.get(name)]
        self.words += said
        self.own += said if self._is_own() else []
        if tag == "a" and (given.get("href") or "").startswith("/"):
            self.links.append(given["href"].partition("#")[0])

    def handle_endtag(self, tag):
        self._silent -= tag in ("script", "style")
        if any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data):
        if not self._silent:
            self.words.append(data)
            self.own += [data] if self._is_own() else []

    def _is_own(self):
        return not any(is_of_another for _, is_of_another in self._open)


async def read_page(browser, path):
    """One page as its reader has it."""
    answer = await browser.get(path)
    reader = _Reader()
    if answer.headers.get("content-type", "").startswith("text/html"):
        reader.feed(answer.text)
    own = tuple(text for part in reader.own if (text := " ".join(part.split())))
    return Page(path, answer.status_code, answer.text, reader.links, " ".join(" ".join(reader.words).split()), own)


async def walk(browser, most=120):
    """Every page that this reader finds from the beginning, the beginning first; of those of one shape a few."""
    queue, seen, shapes, pages = ["/"], {"/"}, Counter(), []
    while queue and len(pages) < most:
        page = await read_page(browser, queue.pop(0))
        pages.append(page)
        for link in page.links:
            if link in seen or link.startswith(("/assets", "/sign-in", "/v1")):
                continue
            seen.add(link)
            shapes[shape(link)] += 1
            if shapes[shape(link)] <= ALIKE:
                queue.append(link)
    return pages


def shape(path):
    """The same for pages that differ by what they are about only."""
    parts = urlsplit(path)
    return IDENT.sub("*", parts.path), tuple(sorted(name for name, _ in parse_qsl(parts.query)))


PEOPLE = {
    "anna": ("Anna Ekdahl", "Nordhamn AB"),
    "bo": ("Bo Lindqvist", "Fjordkraft AS"),
    "cia": ("Cia Bergvall", "Lakrits & Co"),
    "david": ("David Åkerman", "Söderlogistik"),
    "elsa": ("Elsa Nystrand", "Bergslagen Verktyg"),
    "gun": ("Gun Tallvik", "Tallvik Trä"),
    "hugo": ("Hugo Strömmer", "Vinge Data"),
    "ivar": ("Ivar Kvist", "Kvist & Son"),
}
MESSAGE = "Vi tappar bort kontakter mellan marknad och sälj."
SHORT = 4
"""Letters of a name that may stand in an id by chance."""
PERSONAL = sorted(
    {part.lower() for name, _ in PEOPLE.values() for part in name.split() if len(part) > SHORT}
    | {"0701234", "tappar bort"}
)
"""What no address and no log line may hold, in small letters."""


def address_of(short):
    return (
        f"{PEOPLE[short][0].split()[0].lower()}.{PEOPLE[short][0].split()[1].lower()}@kund-{short}.example".translate(
            str.maketrans("åäö", "aao")
        )
    )


async def tell_lives(api):
    """Leads on each way that one can take: taken on, given back, won, lost, on hold, set aside, merged; and what nobody understood.
    Returns their ids by the short names."""
    leads = {}
    for number, (short, (name, company)) in enumerate(PEOPLE.items()):
        form = {"form_id": "demo" if number % 2 else "pricing", "message": MESSAGE, "phone": f"+46 70 123 45 6{number}"}
        await api.form(email=address_of(short), name=name, company=company, country="SE", **form)
        await api.settled()
        (lead,) = (await api.get("/v1/leads", email=address_of(short)))["leads"]
        leads[short] = lead["id"]
    for short, facts in FACTS.items():
        for number, fact in enumerate(facts):
            await api.fact(email=address_of(short), id=f"{short}-{number}", **fact)
            await api.settled()
    for short, command in COMMANDS:
        about = {} if short is None else {"lead": leads[short]}
        if "other" in command:
            about["other"] = leads[command["other"]]
        body = {"reason": "as agreed", **command, **about}
        answer = await api.client.post("/v1/commands", json=body, headers=bearer("maja"))
        assert answer.status_code == 202, answer.text
        await api.settled()
    # Set aside. Other reasons name what the source's format has: they are for whoever sets it up, and said in its words.
    await api.client.post("/v1/hooks/facts", content=b"{not JSON")
    await api.settled()
    return leads


PERSON = {"actor": {"kind": "person"}}
FACTS = {
    "anna": (
        {"fact": "email.opened", "campaign": "spring"},
        {"fact": "email.clicked", "campaign": "spring"},
        {"fact": "page.visited"},
        {"fact": "accepted"},
        {"fact": "follow_up", "activity_type": "call", **PERSON},
        {"fact": "sales.meeting_booked", **PERSON},
        {"fact": "note.added", "fields": {"note": "wants to see it"}, **PERSON},
        {"fact": "won", "amount": 125000, "currency": "SEK"},
    ),
    "bo": ({"fact": "rejected", "reason": "wrong timing"}, {"fact": "event.attended", "campaign": "fair"}),
    "cia": ({"fact": "accepted"}, {"fact": "lost", "reason": "wrong timing"}),
    "david": ({"fact": "rejected", "reason": "no time"}, {"fact": "message.received", "fields": {"text": "hello"}}),
    "elsa": ({"fact": "list.subscribed", "lists": ["news"]}, {"fact": "tag.added", "tags": ["enterprise"]}),
    "gun": (
        {"fact": "sales.stage_changed", "to": "proposal", **PERSON},
        {"fact": "list.unsubscribed", "lists": ["news"]},
    ),
}
COMMANDS = (
    ("elsa", {"command": "hold"}),
    ("gun", {"command": "assign", "person": "johan"}),
    ("hugo", {"command": "disposition", "disposition": "not_a_buyer"}),
    ("gun", {"command": "merge", "other": "ivar"}),
    (None, {"command": "absence", "person": "karin", "until": "2099-01-07T08:00:00Z"}),
    (None, {"command": "pause_pool", "pool": "sdr-south"}),
)
