"""Three leads, told as it happens: what platforms post, what is decided, what the CRM and the ops team are sent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx

from schemas.json_values import JsonObject, JsonValue
from schemas.roster import RosterFile
from schemas.yamlfile import load
from services.cli.demo.ending import five_lines
from services.cli.demo.installation import Installation
from services.cli.demo.local_time import LocalTime
from services.cli.demo.pipedrive import Pipedrive
from services.cli.demo.receiver import Receiver
from services.cli.demo.senders import Post, Senders, contact

PATIENCE = 30
"""Seconds for what has to follow from a webhook."""

OPS = [f"stafett.sla.{kind}.v1" for kind in ("warned", "breached", "escalated")]


class Person(NamedTuple):
    name: str
    email: str
    company: str


ANNA = Person("Anna Ek", "anna@acme.example", "Acme AB")
BO = Person("Bo Berg", "bo@bolag.example", "Bolaget")
CIA = Person("Cia Falk", "cia@firma.example", "Firman")


class Demo:
    """The people who use an installation that is about to start, and what their systems receive."""

    def __init__(self, installation: Installation) -> None:
        self._key = installation.key
        self._receiver = Receiver({"crm": ["stafett.handover.*"], "ops": OPS})
        self._receiver.subscribe(installation.config)
        self._senders, self._crm = Senders(installation.config), Pipedrive()
        self._http = httpx.Client(base_url=installation.url, timeout=10)
        self._local = LocalTime(_zone(installation.config))
        self._seen, self._breached = 0, ""
        self._shown_events: list[JsonObject] = []
        self._posted = 0

    def close(self) -> None:
        self._http.close()
        self._receiver.close()

    def show(self) -> None:
        """One goes all the way, one is handed back, one is forgotten; then the five lines that say so. Raises RuntimeError
        where what has to come does not."""
        print(f"Times are those of {self._local.zone}, where these salespeople work.")
        _say("Anna: from the target list to a customer")
        self._anna()
        _say("Bo: handed back with a reason")
        self._bo()
        _say("Cia: accepted, then forgotten; the promise of this demo is a follow-up within 4 seconds")
        self._cia()
        while self._events():
            pass  # what follows from the last
        _say("Every decision explains itself: why was Anna offered to this salesperson, and not to another?")
        self._explain("assignments", self._receiver.offer_to(ANNA.email, PATIENCE)["offer_id"])
        _say("And why was Cia's follow-up late?")
        self._explain("clocks", self._breached)
        _say("What the CRM and the ops team were sent meanwhile, as signed webhooks")
        for name, event in self._receiver.wait_for_quiet(1.0):
            print(f"      {name}: {event['type'].removeprefix('stafett.'):28} {self._gist(event['data'])}")
        _say("What happened, in five lines")
        for line in five_lines(self._shown_events, self._local, self._posted):
            print(f"  {line}")

    def _anna(self) -> None:
        senders, anna = self._senders, contact(71, *ANNA)
        listed = senders.fact(fact="prospect.listed", email=ANNA.email)
        self._step("Marketing puts Anna on the target list", listed, "lead.created")
        mail = {"email": {"id": 4, "name": "Autumn letter", "subject": "Leads that arrive"}, "contact": anna}
        self._step("Mautic sends her the autumn letter", senders.mautic(email_on_send=mail), "lead.stage_changed")
        opened = {"stat": {"id": 9, "contact": anna, "openCount": 1}, "email": mail["email"]}
        hit = {"hit": {"id": 12, "contact": anna, "url": "https://nordlys.example/pricing", "code": 200}}
        both = senders.mautic(email_on_open=opened, page_on_hit=hit)
        self._step("She opens it and looks at a page; Mautic tells both in one webhook", both)
        asked = senders.typeform("demo", *ANNA, "We lose leads between marketing and sales.")
        self._step("She asks for a demo in a Typeform", asked, "handover.offered")
        self._open_deal(ANNA)
        self._accept_deal(ANNA)
        self._works("... and ticks off a call", self._crm.finish_call(ANNA.email), "handover.followed_up")
        self._works("The deal is won", self._crm.win_deal(ANNA.email, 125_000), "handover.won")

    def _bo(self) -> None:
        form = self._senders.form(**BO._asdict(), form_id="demo", message="We want to see it.")
        self._step("Bo asks for a demo in the form on the web site", form, "handover.offered")
        self._open_deal(BO)
        back = self._crm.hand_deal_back(BO.email, "wrong timing")
        self._works("The deal is dragged to the stage `Handed back`, with a reason", back, "handover.rejected")

    def _cia(self) -> None:
        submission = {
            "id": 3,
            "form": {"id": 2, "name": "Pricing", "alias": "pricing"},
            "contact": contact(72, *CIA),
            "results": {"email": CIA.email, "message": "What does it cost for forty people?"},
        }
        form = self._senders.mautic(form_on_submit={"submission": submission})
        self._step("Cia asks for prices in a form of Mautic", form, "handover.offered")
        self._open_deal(CIA)
        self._accept_deal(CIA)
        print("\n  Nobody calls ...")
        self._breached = self._follow_until("sla.breached")["clock_id"]
        print("\n  ... and two seconds after the breach it goes to the manager", flush=True)
        self._follow_until("sla.escalated", action="escalate")
        late = self._crm.finish_call(CIA.email)
        self._works("Now she is called: too late for the promise", late, "handover.followed_up")
        gone = self._crm.lose_deal(CIA.email, "Chose a competitor")
        self._works("The deal is lost, with its reason", gone, "handover.lost")

    def _open_deal(self, person: Person) -> None:
        """The CRM has the hand-over by signed webhook and makes a person and a deal of it, which it tells us in turn."""
        owner = self._receiver.offer_to(person.email, PATIENCE)["owner"]
        posts = map(
            self._senders.pipedrive, self._crm.open_deal(person.name, person.email, int(owner["ids"]["pipedrive"]))
        )
        words = f"The hand-over reached the CRM, which opened a deal for {owner['person']}: Pipedrive tells of both"
        self._step(words, posts)

    def _accept_deal(self, person: Person) -> None:
        words = "The salesperson drags the deal to the stage that means `accepted`"
        self._works(words, self._crm.accept_deal(person.email), "handover.accepted")

    def _works(self, words: str, event: JsonObject, until: str) -> None:
        self._step(words, self._senders.pipedrive(event), until)

    def _step(self, words: str, posts: Post | Iterable[Post], until: str | None = None) -> None:
        """Posted, then shown until the awaited kind of event came; where none is, it is only kept."""
        print(f"\n  {words}")
        for post in [posts] if isinstance(posts, Post) else posts:
            answer = self._http.post(f"/v1/hooks/{post.source}", content=post.body, headers=post.headers)
            answer.raise_for_status()
            self._posted += 1
            print(f"      POST /v1/hooks/{post.source} ({post.proof}): {answer.status_code}")
        if until is None:
            print("      kept in the history; nothing has to be decided")
        else:
            self._follow_until(until)

    def _follow_until(self, kind: str, **said: str) -> JsonObject:
        """The data of the first event of this kind that says so."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for event in self._events():
                data: JsonObject = event["data"]
                if event["type"] == f"stafett.{kind}.v1" and said.items() <= data.items():
                    return data
        raise RuntimeError(f"{kind} did not come")

    def _events(self) -> list[JsonObject]:
        """Shown as they come; [] where none came within a second."""
        entries = self._get("/v1/events", after=self._seen, wait=1)["events"]
        for entry in entries:
            event = entry["event"]
            print(
                f"      {entry['position']:3} {event['type'].removeprefix('stafett.'):28} {self._gist(event['data'])}"
            )
            self._seen = entry["position"]
            self._shown_events.append(event)
        return [entry["event"] for entry in entries]

    def crowd(self, number: int) -> int:
        """One of many who send the same form, without a word; the HTTP status of the answer."""
        form = self._senders.form(email=f"guest{number}@crowd.example", form_id="demo")
        return self._http.post("/v1/hooks/web", content=form.body, headers=form.headers).status_code

    def follow(self, kind: str, count: int, seconds: float) -> list[str]:
        """Reads on, without a word, until `count` events of this kind came: the leads that they are about."""
        found: list[str] = []
        until = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < until:
            said = self._get("/v1/events", after=self._seen, limit=500, wait=1)
            self._seen = said["next"]
            found += [e["event"]["subject"] for e in said["events"] if e["event"]["type"] == kind]
        return found

    def _explain(self, what: str, ident: str) -> None:
        print(self._local.text(self._get(f"/v1/{what}/{ident}/explain")["text"]))

    def _gist(self, data: JsonObject) -> str:
        if "to_stage" in data and "from_stage" in data:
            return f"{data['from_stage']} -> {data['to_stage']} ({data['reason']})"
        owner = data.get("owner") or data.get("to_owner") or {}
        words = [owner.get("person"), *(data.get(name) for name in ("policy", "action", "track", "rule", "reason"))]
        if "due_at" in data:
            words.append(f"due {self._local.due(data['due_at'], datetime.now(UTC))}")
        return " · ".join(str(word) for word in words if word)

    def _get(self, path: str, **params: JsonValue) -> JsonValue:
        answer = self._http.get(path, params=params, headers={"Authorization": f"Bearer {self._key}"})
        answer.raise_for_status()
        return answer.json()


def _zone(config: Path) -> str:
    """That of the roster."""
    return load((config / "roster.yaml").read_text("utf-8"), RosterFile, "roster.yaml").zone or "UTC"


def _say(words: str) -> None:
    print(f"\n== {words}", flush=True)
