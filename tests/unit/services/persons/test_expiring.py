"""Idle leads are asked to be erased, each once, page by page; nobody whose class has no time."""

from datetime import timedelta

from services.persons.expiring import PAGE, Expirer
from services.ports.rows import LeadRow
from tests.setups import START
from tests.stories import DAY, Story, rules

RULES = rules()


def lead(number):
    made = Story(RULES).tell("email.sent", timedelta(0)).lead
    return made.but(id=f"lead_{number:04d}")


class Leads:
    """The reading side, as far as it is asked; the store looks at when rows were written, which is here always long ago."""

    def __init__(self, leads):
        self.leads, self.asked = leads, []

    async def idle_leads(self, stages, before, after, limit):
        self.asked.append((before, after))
        theirs = [one for one in self.leads if one.id > after and one.stage in stages][:limit]
        return [LeadRow(one.id, one.brand, one.stage, one.disposition, None, None, False, 1, one.text(), None, None, START) for one in theirs]  # fmt: skip


def expirer(leads, taken, now=START + 100 * DAY, **times):
    async def accept(signals):
        taken.extend(signals)

    async def lease():
        return True

    return Expirer(Leads(leads), times, accept=accept, lease=lease, now=lambda: now)


async def test_idle_leads_are_asked_for_page_by_page_with_their_class():
    taken = []
    leads = [lead(number) for number in range(PAGE + 1)]
    work = expirer(leads, taken, unqualified=90 * DAY, lost=10 * DAY)
    assert await work.expire() == PAGE + 1 == len({signal.id for signal in taken})
    first = taken[0]
    assert (first.lead_id, first.reason, first.command.name) == ("lead_0000", "expired: unqualified", "expire")
    assert first.command.until == START
    assert await work.expire() and len({signal.id for signal in taken}) == PAGE + 1, "a second round asks for the same"


async def test_who_is_not_idle_for_so_long_and_whose_class_has_no_time_is_not_asked_for():
    taken = []
    assert await expirer([lead(1)], taken, unqualified=101 * DAY).expire() == 0
    assert await expirer([lead(1)], taken, lost=DAY, unsubscribed=DAY).expire() == 0
    assert await expirer([lead(1)], taken).expire() == 0 and taken == []
