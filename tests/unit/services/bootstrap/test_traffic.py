"""What is counted of each source, and who is told to be silent."""

from datetime import UTC, datetime, timedelta

from services.bootstrap.traffic import SilenceWatch, TrafficCounter
from services.observability import metrics
from services.ports.errors import StoreUnavailable

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
NOW = datetime(2026, 11, 30, 15, 20, tzinfo=UTC)


class Traffic:
    """The port in memory; `is_away` while the store is."""

    def __init__(self, counts=None):
        self.counts, self.is_away, self.reads = counts or {}, False, 0

    async def add(self, counts, keep_from):
        if self.is_away:
            raise StoreUnavailable("away")
        for (source, hour), count in counts.items():
            hours = self.counts.setdefault(source, {})
            hours[hour] = hours.get(hour, 0) + count

    async def by_source(self):
        self.reads += 1
        return self.counts


async def test_deliveries_are_counted_by_the_hour_and_kept_once_a_minute():
    traffic, times = Traffic(), [NOW]
    counter = TrafficCounter(traffic, lambda: times[-1])
    counter.count("web")
    await counter._task
    counter.count("web")
    counter.count("crm")
    assert traffic.counts == {"web": {NOW.replace(minute=0): 1}}
    times.append(NOW + timedelta(minutes=1))
    counter.count("web")
    await counter._task
    hour = NOW.replace(minute=0)
    assert traffic.counts == {"web": {hour: 3}, "crm": {hour: 1}}


async def test_counts_wait_while_the_store_is_away():
    traffic, times = Traffic(), [NOW]
    counter, traffic.is_away = TrafficCounter(traffic, lambda: times[-1]), True
    counter.count("web")
    await counter._task
    traffic.is_away = False
    times.append(NOW + timedelta(minutes=2))
    counter.count("web")
    await counter._task
    assert traffic.counts == {"web": {NOW.replace(minute=0): 2}}


async def test_a_silent_source_is_trouble_and_a_metric_until_it_speaks_again():
    hours = [NOW.replace(minute=0) - WEEK * week - HOUR * n for week in range(6) for n in range(6)]
    usual = {hour: 5 for hour in hours if hour < NOW - 4 * HOUR}
    traffic, times = Traffic({"web": usual, "gone": usual}), [NOW]
    watch = SilenceWatch(traffic, ["web", "rare"], lambda: times[-1])
    (trouble,) = await watch.troubles()
    assert trouble.name == "source/web" and trouble.since == datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert trouble.why == "nothing came for 3 hours; in the same hours of the 4 weeks before it was 15, 15, 15, 15"
    assert 'stafett_source_silent{source="web"} 1.0' in metrics.exposition().decode()
    assert await watch.troubles() == [trouble] and traffic.reads == 1, "not looked at again so soon"
    usual[NOW.replace(minute=0)] = 1
    times.append(NOW + timedelta(minutes=5))
    assert await watch.troubles() == []
    assert 'stafett_source_silent{source="web"} 0.0' in metrics.exposition().decode()
