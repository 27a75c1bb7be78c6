"""What is read back of Salesforce, where its lists are not whole yet, or reach no further back."""

from datetime import UTC, datetime, timedelta

from tests.parts.vendors.offices import SalesforceOffice, open_deal
from tests.parts.vendors.salesforce_records import refuse

BEGIN = datetime(2026, 11, 30, 9, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


async def look(office, times, cursor=None):
    page, pages = None, []
    while page is None or not page.is_last:
        page = await office.vendor.changes(cursor, times[-1] - 5 * MINUTES)
        pages.append(page)
        cursor = page.cursor
    return pages, cursor


async def test_what_is_not_covered_yet_is_read_by_a_later_look():
    times = [BEGIN]
    office = SalesforceOffice(lambda: times[-1])
    deal = await open_deal(office, "ho_1", "anna")
    office.api.records.behind = 20 * MINUTES
    times.append(BEGIN + 10 * MINUTES)
    pages, cursor = await look(office, times)
    assert not any(page.sightings for page in pages)
    times.append(BEGIN + 60 * MINUTES)
    pages, _ = await look(office, times, cursor)
    assert [seen.vendor_id for page in pages for seen in page.sightings] == [deal]


async def test_after_a_long_outage_it_is_read_in_spans_and_from_thirty_days_back_at_most():
    times = [BEGIN]
    office = SalesforceOffice(lambda: times[-1])
    _, cursor = await look(office, times)
    times.append(BEGIN + timedelta(days=40))
    deal = await open_deal(office, "ho_1", "anna")
    times.append(times[-1] + MINUTES)
    pages, _ = await look(office, times, cursor)
    assert {seen.vendor_id for page in pages for seen in page.sightings} == {deal}
    spans = [entry.request.query for entry in office.api.requests("updated")]
    assert all(_at(span, "end") - _at(span, "start") <= timedelta(hours=6) for span in spans)
    assert office.api.violations == []


async def test_a_deletion_is_told_with_its_instant():
    times = [BEGIN]
    office = SalesforceOffice(lambda: times[-1])
    deal = await open_deal(office, "ho_1", "anna")
    times.append(BEGIN + 2 * MINUTES)
    office.delete(deal, by="anna")
    times.append(BEGIN + 4 * MINUTES)
    pages, _ = await look(office, times)
    assert [gone for page in pages for gone in page.deletions] == [(deal, BEGIN + 2 * MINUTES)]


async def test_what_may_not_be_listed_is_told_by_the_check(monkeypatch):
    office = SalesforceOffice(lambda: BEGIN, source="crm", reconcile={})
    changed = office.api.records.changed

    def changed_of_opportunities(noun, *span, deleted):
        if noun == "Task":
            raise refuse("INVALID_TYPE", "sObject type 'Task' is not supported", status=400)
        return changed(noun, *span, deleted=deleted)

    monkeypatch.setattr(office.api.records, "changed", changed_of_opportunities)
    problems = await office.vendor.check({})
    assert problems == ["reconcile: what was updated of Task cannot be read: INVALID_TYPE"]


def _at(span, name):
    return datetime.fromisoformat(span[name][0])
