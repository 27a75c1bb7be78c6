"""`stafett sla due --vectors FILE`: calendars and cases in, one due instant a case out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ValidationError

from schemas.calendar import Calendar
from schemas.json_values import JsonObject
from schemas.wording import rule_of
from schemas.yamlfile import FileError
from services.cli.support.files import read_text

if TYPE_CHECKING:
    from routing.calendar.business_time import BusinessCalendar


class Case(BaseModel):
    """A start and how long: seconds of business time, or whole business days. `pauses` are half-open."""

    id: str
    calendar: str
    start: AwareDatetime
    business_seconds: float | None = None
    business_days: int | None = None
    pauses: tuple[tuple[AwareDatetime, AwareDatetime], ...] = ()


class Vectors(BaseModel):
    """Calendars by name, as in an agreement, and the cases that are computed in them."""

    calendars: dict[str, Calendar]
    cases: list[Case]


def computed_vectors(path: Path) -> Iterator[tuple[str, datetime]]:
    """(case, when it is due). Raises FileError where the file is something else."""
    from routing.calendar.business_time import compile_calendar

    vectors = _read(path)
    calendars = {name: compile_calendar(body) for name, body in vectors.calendars.items()}
    for case in vectors.cases:
        yield case.id, _due(case, calendars[case.calendar])


def _read(path: Path) -> Vectors:
    try:
        vectors = Vectors.model_validate_json(read_text(path))
    except ValidationError as error:
        raise FileError([_problem_text(path, dict(item)) for item in error.errors(include_url=False)]) from None
    problems = [
        f"{path}: case {case.id}: there is no calendar {case.calendar}"
        for case in vectors.cases
        if case.calendar not in vectors.calendars
    ] + [
        f"{path}: case {case.id}: say business_seconds or business_days"
        for case in vectors.cases
        if case.business_seconds is None and case.business_days is None
    ]
    if problems:
        raise FileError(problems)
    return vectors


def _problem_text(path: Path, problem: JsonObject) -> str:
    where = ".".join(map(str, problem["loc"]))
    return f"{path}: {where + ': ' if where else ''}{rule_of(problem)}"


def _due(case: Case, calendar: BusinessCalendar) -> datetime:
    from routing.calendar.business_time import business_days_due

    if case.business_days is not None:
        return business_days_due(calendar, case.start, case.business_days, case.pauses)
    return calendar.add_business(case.start, timedelta(seconds=case.business_seconds or 0), case.pauses)
