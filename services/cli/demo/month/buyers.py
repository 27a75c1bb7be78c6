"""Who comes in during the month: forms of the web site, of Typeform and of Mautic, readers of a letter, and names on a list."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import count

from services.cli.demo.month.agenda import Cast
from services.cli.demo.month.names import Visitor, visitors
from services.cli.demo.senders import Post, contact

PER_WORKDAY, PER_DAY_OFF = (3, 9), (0, 2)
"""How many come in a day, at least and at most."""
SATURDAY = 5
NEEDS = {
    "demo": (
        "We lose leads between marketing and sales.",
        "Can we see it at work?",
        "Our forms end up in a spreadsheet.",
    ),
    "pricing": (
        "What does it cost for forty people?",
        "Is there a price for a year?",
        "What is included in the price?",
    ),
    "contact-sales": ("Please call me about our CRM.", "We compare three vendors this month.", "Who can tell us more?"),
}
"""What they write, by form."""


class Buyers:
    """Each is somebody new."""

    def __init__(self, cast: Cast) -> None:
        self._cast, self._numbers = cast, count(1)
        self._visitors = visitors(cast.dice)

    def plan_days(self, begin: datetime, end: datetime) -> None:
        """Some every day, fewer when nobody works."""
        cast, day = (
            self._cast,
            datetime.combine(begin.astimezone(self._cast.zone).date(), datetime.min.time(), self._cast.zone),
        )
        while day < end:
            for _ in range(cast.dice.randint(*(PER_WORKDAY if day.weekday() < SATURDAY else PER_DAY_OFF))):
                at = (day + timedelta(hours=cast.dice.triangular(0, 24, 10))).astimezone(begin.tzinfo)
                if at >= begin:
                    cast.agenda.plan(at, self._come)
            day += timedelta(days=1)

    async def _come(self) -> None:
        acts = (self._ask, self._read, self._subscribe, self._stand_on_list, self._advertise)
        (act,) = self._cast.dice.choices(acts, weights=(46, 24, 16, 11, 3))
        await act(next(self._visitors))

    async def _ask(self, visitor: Visitor) -> None:
        """A form that says what they need; where it was Typeform or Mautic is a matter of chance."""
        cast = self._cast
        form = cast.dice.choice(tuple(NEEDS))
        make = cast.dice.choice((self._web_form, self._web_form, self._typeform, self._mautic_form))
        await cast.world.post(make(visitor, form, cast.dice.choice(NEEDS[form])))
        await self._look_up(visitor)

    def _web_form(self, visitor: Visitor, form: str, need: str) -> Post:
        return self._cast.senders.form(
            email=visitor.email, name=visitor.name, company=visitor.company, form_id=form, message=need
        )

    def _typeform(self, visitor: Visitor, form: str, need: str) -> Post:
        return self._cast.senders.typeform(
            form, name=visitor.name, email=visitor.email, company=visitor.company, message=need
        )

    def _mautic_form(self, visitor: Visitor, form: str, need: str) -> Post:
        submission = {
            "id": next(self._numbers),
            "form": {"id": 2, "name": form.title(), "alias": form},
            "contact": contact(next(self._numbers), visitor.name, visitor.email, visitor.company),
            "results": {"email": visitor.email, "message": need},
        }
        return self._cast.senders.mautic(form_on_submit={"submission": submission})

    async def _look_up(self, visitor: Visitor) -> None:
        """Of most companies a register knows the trade and the size."""
        if self._cast.dice.random() < 0.7:
            facts = {"name": visitor.company, "industry": visitor.industry, "employees": visitor.employees}
            await self._cast.tell("contact.updated", visitor.email, company=facts | {"country": "SE"})

    async def _read(self, visitor: Visitor) -> None:
        """Gets a letter by Mautic; some click in it, a few so often that an SDR looks at them, and one in twelve wants no more."""
        cast = self._cast
        sent = {
            "email": {"id": 4, "name": "Autumn letter", "subject": "Leads that arrive"},
            "contact": contact(next(self._numbers), visitor.name, visitor.email, visitor.company),
        }
        await cast.world.post(cast.senders.mautic(email_on_send=sent))
        for _ in range(cast.dice.choice((0, 1, 1, 2, 4, 4))):
            cast.later((1, 72), partial(cast.tell, "email.clicked", visitor.email, campaign="autumn"), works=False)
        if cast.dice.random() < 0.08:
            cast.later((12, 96), partial(cast.tell, "consent.withdrawn", visitor.email), works=False)

    async def _subscribe(self, visitor: Visitor) -> None:
        """Asks for the newsletter: that is engagement, and no more."""
        cast = self._cast
        await cast.world.post(self._web_form(visitor, "newsletter", ""))
        await self._look_up(visitor)

    async def _stand_on_list(self, visitor: Visitor) -> None:
        """Marketing wants them; a third ask for a demo later by themselves."""
        person = {"email": visitor.email, "full_name": visitor.name}
        await self._cast.tell("prospect.listed", visitor.email, person=person, company={"name": visitor.company})
        if self._cast.dice.random() < 0.35:
            self._cast.later((24, 200), partial(self._ask, visitor), works=False)

    async def _advertise(self, visitor: Visitor) -> None:
        """No buyer at all, as somebody says soon."""
        cast = self._cast
        await cast.world.post(self._web_form(visitor._replace(company=""), "contact-sales", "We sell addresses!"))
        cast.later((0.2, 2), partial(cast.tell, "disposition.set", visitor.email, to="spam"))
