"""The forum's report: stories in, one at a time in whatever order, and the figures of a week out."""

from __future__ import annotations

from collections.abc import Iterable

from routing.forum.corrections import Corrections, corrections
from routing.forum.counts import counts_of
from routing.forum.entries import EntryRecord, actions_to_ask_about, entries_as_of, lessons_since
from routing.forum.figures import Report
from routing.forum.frame import Frame
from routing.forum.sections import agreed, process, quality, results
from routing.forum.sheet import Sheet
from routing.forum.story import Story
from routing.forum.tally import Tally
from schemas.envelope import instant


class Forum:
    """Takes in the stories of all leads. It keeps sums, and nothing of a story: memory grows with what is counted apart, not with the
    leads."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.tally = Tally()
        self._corrections = Corrections(frame)

    def add(self, story: Story) -> None:
        """A whole story: what happened after the week or was recorded too late is left out here."""
        seen = story.as_of(self.frame.week.end, self.frame.known_on)
        counts = list(counts_of(seen, self.frame))
        self.tally.add(counts)
        self._corrections.add(seen, counts)

    def report(self, records: Iterable[EntryRecord] = ()) -> Report:
        """The figures of what was taken in so far; `records` are what people entered, in the order of recording."""
        frame, sheet = self.frame, Sheet(self.tally, self.frame)
        entries = entries_as_of(records, frame.known_on)
        today = frame.known_on.astimezone(frame.zone).date()
        return Report(
            organisation=frame.agreement.file.organisation,
            title=frame.agreement.file.title,
            week=frame.week.name,
            begin=instant(frame.week.begin),
            end=instant(frame.week.end),
            zone=frame.zone.key,
            known_on=instant(frame.known_on),
            agreement=frame.agreement.hash,
            sections=(
                process.leads_in(sheet),
                process.journey(sheet),
                process.hand_overs(sheet),
                agreed.promises(sheet),
                results.meetings(sheet),
                results.opportunities(sheet),
                results.pipeline(sheet),
                results.customers(sheet),
                results.economy(sheet, entries),
                agreed.goals(sheet),
                process.stuck(sheet),
                quality.definitions(sheet),
                quality.learning(sheet),
                corrections(self._corrections, sheet),
            ),
            actions=actions_to_ask_about(entries, frame.known_before, today),
            lessons=lessons_since(entries, frame.known_before),
        )


def report_of(stories: Iterable[Story], frame: Frame, records: Iterable[EntryRecord] = ()) -> Report:
    """The report of all these stories. The same ones give the same report, in whatever order they come."""
    forum = Forum(frame)
    for story in stories:
        forum.add(story)
    return forum.report(records)
