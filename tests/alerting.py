"""Events, files and rosters for the tests of alerts, and a desk that folds and composes as the role does, without a store."""

from datetime import UTC, datetime, timedelta

from routing.incidents.folding import Happening, fold
from routing.incidents.grouping import compose
from routing.incidents.recipients import Audience
from routing.people.roster import Roster
from schemas.alerts import AlertsFile
from schemas.events import Owner, SlaBreached, SlaEscalated, SlaFulfilled, SlaWarned
from schemas.roster import RosterFile

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MAIL = {"name": "mail", "kind": "email", "host": "smtp.example.com", "from": "stafett@example.com"}
SLACK = {"name": "slack", "kind": "slack", "token": "STAFETT_SECRET_SLACK"}
ROOM = {**SLACK, "name": "room", "room": "C0123456"}
PAGER = {"name": "pager", "kind": "pagerduty", "routing_key": "STAFETT_SECRET_PD"}
PEOPLE = [
    {"id": "elin", "roles": ["sales"], "team": "field", "notify": {"email": "elin@example.com", "slack": "U0ELIN"}},
    {"id": "johan", "roles": ["sales"], "team": "field", "notify": {"email": "johan@example.com"}, "language": "sv"},
    {"id": "maja", "roles": ["manager"], "notify": {"email": "maja@example.com"}},
    {"id": "ceo", "roles": ["manager"], "notify": {"email": "ceo@example.com"}},
    {"id": "karin", "roles": ["sales"]},
]


def roster(people=PEOPLE):
    return Roster(
        RosterFile.model_validate(
            {
                "version": 1,
                "zone": "Europe/Stockholm",
                "people": people,
                "teams": [{"name": "field", "manager": "maja"}],
            }
        )
    )


def alerts(*channels, **more):
    return AlertsFile.model_validate({"version": 1, "channels": list(channels) or [MAIL], **more})


def _fields(number, more):
    given = {
        "clock_id": f"clk_{number}",
        "policy": "follow-up",
        "metric": "follow_up",
        "subject_kind": "lead",
        "subject_id": f"lead_{number}.1",
        "owner": Owner(person="elin"),
        "started_at": NOW - 24 * HOUR,
        "target": "24h elapsed",
        "due_at": NOW,
        "side": "sales",
    }
    return {**given, **more}


def warned(number=1, **more):
    fields = {"warning": 1, "before": "1h elapsed", "warned_at": NOW - HOUR, "noticed_at": NOW - HOUR}
    return SlaWarned(**_fields(number, {**fields, **more}))


def breached(number=1, **more):
    return SlaBreached(**_fields(number, {"noticed_at": NOW, **more}))


def escalated(number=1, *people, rung=1, **more):
    to = tuple(Owner(person=person) for person in people)
    fields = {"rung": rung, "action": "escalate", "outcome": "done", "to": to, "escalated_at": NOW}
    return SlaEscalated(**_fields(number, {**fields, **more}))


def fulfilled(number=1, **more):
    return SlaFulfilled(**_fields(number, {"fulfilled_at": NOW, **more}))


class Desk:
    """What the role does with its tables, in memory; `sent` are the messages, each with when."""

    def __init__(self, *channels, people=PEOPLE, **more):
        self.file, self.roster, self.now = alerts(*channels, **more), roster(people), NOW
        self.incidents, self.pending, self.sent, self.last = {}, {}, [], {}
        self.count = 0

    @property
    def audience(self):
        return Audience(self.file, self.roster, self.now)

    def tell(self, data, number=None, *, subject=None):
        self.count += 1
        if subject is None:
            subject = f"lead_{number}" if number is not None else data.subject_id.partition(".")[0]
        known = {i.about: i for i in self.incidents.values() if i.subject == subject}
        self.keep(fold(Happening(f"evt_{self.count}", subject, data), known, self.audience))
        return self

    def keep(self, folded):
        self.incidents |= {i.id: i for i in folded.incidents}
        self.pending |= {n.id: n for n in folded.notices}

    def wait(self, delta=timedelta(0)):
        """Time passes; what is ready then is sent."""
        self.now += delta
        made = compose(self.pending.values(), self.incidents, self.last, audience=self.audience, usual_zone=UTC)
        self.incidents |= {i.id: i for i in made.incidents}
        self.pending = {ident: n for ident, n in self.pending.items() if ident not in made.spent}
        for sent in made.notifications:
            self.last[(sent.channel, sent.person), sent.grouping] = self.now
        self.sent += made.notifications
        return list(made.notifications)

    def incident(self, number=1):
        return next(i for i in self.incidents.values() if i.about == f"clk_{number}")


def places(notifications):
    return sorted((n.channel, n.person) for n in notifications)
