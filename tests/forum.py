"""Stories of leads for the forum, written by hand: what is left out is as for a lead of Anna's in the week of the examples."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from routing.agreement.agreement import compile_agreement
from routing.forum.frame import frame_of
from routing.forum.story import CompanyFacts, Event, Heard, SignalFacts, Story
from schemas.events import (
    HandoverAccepted,
    HandoverOffered,
    HandoverRejected,
    HandoverWon,
    LeadCreated,
    LeadDefinitionMet,
    LeadStageChanged,
    Owner,
    Qualification,
    SlaBreached,
    SlaCorrected,
    SlaFulfilled,
)
from tests.setups import EXAMPLES

WEEK = "2026-W48"
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
"""Of that week; in Stockholm it begins an hour earlier."""
NOW = MONDAY + timedelta(days=30)


@cache
def agreement(*changes):
    """The example's, with each (text, other text) put in its place."""
    text = (EXAMPLES / "agreement.yaml").read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return compile_agreement(text)


def frame(*changes, week=WEEK, now=NOW, known_on=None):
    return frame_of(agreement(*changes), week, now, known_on)


def hours(number):
    """So many hours after Monday, midnight UTC."""
    return MONDAY + timedelta(hours=number)


class Life:
    """A lead's life, told in order: each step is at some hour of the week."""

    def __init__(self, name="anna"):
        self.name, self.events, self.signals = name, [], []
        self._numbers = count(1)
        self._stage, self._pass = None, 1

    def tell(self, data, at, *, recorded=None, mode="live"):
        recorded = hours(recorded) if recorded is not None else hours(at)
        self.events.append(Event(f"evt_{self.name}_{next(self._numbers)}", hours(at), recorded, mode, data))
        return self

    def hear(self, kind, at, *, recorded=None, mode="live", company=None, **facts):
        recorded = hours(recorded) if recorded is not None else hours(at)
        said = SignalFacts(company=CompanyFacts(**company or {}), **facts)
        self.signals.append(Heard(f"sig_{self.name}_{next(self._numbers)}", hours(at), recorded, mode, kind, said))
        return self

    def begin(self, at, source="web", kind="form.submitted", stage="contact", **how):
        self._stage = stage
        return self.tell(LeadCreated(stage=stage, source=source, signal_kind=kind), at, **how)

    def move(self, stage, at, **how):
        before, self._stage = self._stage, stage
        self._pass += stage == "nurturing"
        data = LeadStageChanged(from_stage=before, to_stage=stage, pass_number=self._pass, reason="test")
        return self.tell(data, at, **how)

    def offer(self, at, person="elin", number=1, fact="sales_qualified"):
        why = Qualification(fact=fact, at=hours(at), signal_id="sig_x", signal_kind="form.submitted")
        return self.tell(HandoverOffered(**self._handover(person), offer_number=number, qualification=why), at)

    def accept(self, at, person="elin", **how):
        return self.tell(HandoverAccepted(**self._handover(person)), at, **how)

    def reject(self, at, reason, criterion=None, person="elin", **how):
        return self.tell(HandoverRejected(**self._handover(person), reason=reason, criterion=criterion), at, **how)

    def win(self, at, amount=None, currency=None, person="elin", **how):
        return self.tell(HandoverWon(**self._handover(person), amount=amount, currency=currency, **how), at)

    def meet(self, definition, at):
        return self.tell(LeadDefinitionMet(definition=definition, stage="deal", pass_number=1), at)

    def keep(self, at, due, clock="clk_1", **more):
        return self.tell(SlaFulfilled(**self._clock(clock, due, **more), fulfilled_at=hours(at)), at)

    def break_(self, due, clock="clk_1", **more):
        return self.tell(SlaBreached(**self._clock(clock, due, **more), noticed_at=hours(due)), due)

    def correct(self, new, at, due, recorded, clock="clk_1", **more):
        kept_at = hours(at) if new == "fulfilled" else None
        data = SlaCorrected(
            **self._clock(clock, due, **more), old="breached", new=new, fulfilled_at=kept_at, cause="sig"
        )
        return self.tell(data, at, recorded=recorded)

    def story(self):
        return Story(f"lead_{self.name}", tuple(self.events), tuple(self.signals))

    def _handover(self, person):
        owner = Owner(person=person)
        return {
            "handover_id": f"ho_{self.name}_{self._pass}",
            "pass_number": self._pass,
            "offer_id": "o",
            "owner": owner,
        }

    def _clock(self, clock, due, *, side="sales", person="elin", team="field", policy="follow-up", **more):
        return {
            "clock_id": clock,
            "policy": policy,
            "metric": "follow_up",
            "subject_kind": "lead",
            "subject_id": f"lead_{self.name}.1",
            "owner": Owner(person=person) if person else None,
            "started_at": MONDAY,
            "target": "24h elapsed",
            "due_at": hours(due),
            "side": side,
            "team": team,
            **more,
        }


def rows(report, section, table):
    """{labels: {column: value}} of one table; a figure that cannot be computed gives why."""
    (part,) = [s for s in report.sections if s.name == section]
    (found,) = [t for t in part.tables if t.name == table]
    return {
        row.labels: {
            column: f.value if f.why is None else f.why for column, f in zip(found.columns, row.figures, strict=True)
        }
        for row in found.rows
    }
