"""All that one lead adds, from all files of `counting`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routing.forum.counting import flow, handovers, learning, promises, sales
from routing.forum.frame import Frame
from routing.forum.story import Story
from routing.forum.tally import Count, Query

_ALL = (
    flow.count_leads_in,
    flow.count_stages,
    flow.count_journey,
    flow.count_standing,
    handovers.count_handovers,
    promises.count_promises,
    sales.count_meetings,
    sales.count_milestones,
    sales.count_sales,
    sales.count_pipeline,
    learning.count_precision,
    learning.count_recall,
    learning.count_notes,
)


def counts_of(story: Story, frame: Frame) -> Iterator[Count]:
    """What a story adds; it has to be as of the frame's end already."""
    for count in _ALL:
        yield from count(story, frame)


def ids_behind(stories: Iterable[Story], frame: Frame, query: Query) -> Iterator[str]:
    """Every id behind a figure, lead by lead. Labels that the query leaves out may be anything."""
    for story in stories:
        for count in counts_of(story.as_of(frame.week.end, frame.known_on), frame):
            asked = count.query
            if asked[:2] == query[:2] and asked.labels[: len(query.labels)] == query.labels:
                yield from count.ids
