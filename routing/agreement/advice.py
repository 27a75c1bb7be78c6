"""What an agreement says that is sound, and that its authors would hardly want: told by `agreement check`, refused by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from routing.agreement.agreement import TAKES_LEADS, Agreement
from routing.calendar.business_time import due_at
from routing.calendar.hours import is_enough
from routing.people.roster import Roster

Path = tuple[str | int, ...]
_PROBES = tuple(datetime(2026, 1, 12, tzinfo=UTC) + hour * timedelta(hours=1) for hour in range(7 * 24))
"""Each hour of a week: whether an offer ends before a promise depends on when both begin."""


def advice(agreement: Agreement, roster: Roster | None = None) -> Iterator[tuple[Path, str]]:
    """(path in the file, what is meant by it). What depends on people is told where the roster is known."""
    yield from _promises_that_end_with_the_offer(agreement)
    if roster is not None:
        yield from _owners_without_hours(agreement, roster)


def _owners_without_hours(agreement: Agreement, roster: Roster) -> Iterator[tuple[Path, str]]:
    """A promise in their own hours, of somebody who has none, or too few."""
    takers = [m.id for m in roster.file.people if m.active and roster.has_role(m.id, *TAKES_LEADS)]
    for i, policy in enumerate(agreement.file.sla.policies):
        otherwise = policy.organisation_calendar(agreement.calendars)
        if otherwise is None:
            continue
        amounts = (policy.target, *(rung.after for rung in policy.ladder))
        hours = {person: roster.hours_of(person) for person in takers}
        none = [person for person, text in hours.items() if text is None]
        few = [
            person for person, text in hours.items() if text is not None and not is_enough(text, _PROBES[0], amounts)
        ]
        instead = f"`{policy.name}` counts the open time of calendar `{otherwise}` for them"
        if none:
            yield ("sla", "policies", i, "calendar"), f"the roster has no `hours` of {', '.join(none)}: {instead}"
        if few:
            why = f"the `hours` of {', '.join(few)} are too few for it within twelve years"
            yield ("sla", "policies", i, "calendar"), f"{why}: {instead}"


def _promises_that_end_with_the_offer(agreement: Agreement) -> Iterator[tuple[Path, str]]:
    """An answer that never came is a breach when the offer ends; any other promise of the offer just ends with it."""
    rules = agreement.file.handover
    if rules.offer_expires is None:
        return
    for i, policy in enumerate(agreement.file.sla.policies):
        if policy.starts != "offer" or policy.metric == "acceptance":
            continue
        counts_in = policy.organisation_calendar(agreement.calendars) or policy.calendar
        ends, kept_by = agreement.calendar(rules.calendar), agreement.calendar(counts_in)
        if any(due_at(at, rules.offer_expires, ends, ()) < due_at(at, policy.target, kept_by, ()) for at in _PROBES):
            rule = (
                f"an offer expires after `{rules.offer_expires}`, which may be before `{policy.name}` is due (`{policy.target}`): "
                "whoever lets it expire breaks no promise; start it with `hand_over`, so that it follows the lead, or with "
                "`acceptance`"
            )
            yield ("sla", "policies", i, "starts"), rule
