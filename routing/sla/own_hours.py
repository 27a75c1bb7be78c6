"""The calendar of a clock: the one that its policy names or, with `calendar: owner`, the working hours of its person.

A clock keeps the hours that it is judged on, as it keeps absences: so a decision that is made again, and an explanation,
need no roster of then.
"""

from __future__ import annotations

from routing.agreement.agreement import Agreement
from routing.calendar.business_time import BusinessCalendar
from routing.calendar.hours import compiled_hours, is_enough
from routing.model.records import Clock, OwnHours
from routing.people.roster import Roster
from routing.sla.verdict import target_of
from schemas.sla import Policy


def calendar_of(clock: Clock, agreement: Agreement) -> BusinessCalendar | None:
    """What the clock's time counts in; None where all time counts. `agreement` is the one that it runs under."""
    own = clock.own_hours
    if own is None:
        return agreement.calendar(clock.calendar)
    return compiled_hours(own.hours) if own.hours is not None else agreement.calendar(own.otherwise)


def hours_of(clock: Clock, policy: Policy | None, agreement: Agreement, roster: Roster) -> OwnHours | None:
    """The person's hours as the roster has them now; an ended clock keeps those that it was judged on. None where the
    policy names a calendar of the agreement.

    Hours in which the promise would never be due (a few days of one year, say) are no hours: the organisation's count.
    """
    if policy is None or not clock.open:
        return clock.own_hours
    otherwise = policy.organisation_calendar(agreement.calendars)
    if otherwise is None:
        return None
    text = roster.hours_of(clock.person)
    amounts = (target_of(clock.target), *(rung.after for rung in policy.ladder))
    reached = text is not None and is_enough(text, clock.started_at, amounts)
    return OwnHours(hours=text if reached else None, otherwise=otherwise)
