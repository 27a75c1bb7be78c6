"""What must be true afterwards, read off the outside only: answers given, topics, API."""

import asyncio
import json
import time
from collections import Counter, defaultdict

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

TOPICS = [f"stafett.{name}.v1" for name in ("leads", "handovers", "sla", "marketing")]


class Checker:
    """`findings` has a line for each promise broken; `figures` what was counted. `run` reads, `judge_...` take what was read."""

    patience = 300
    """Seconds within which all comes to rest; some minutes where others use the machine."""
    lost = frozenset()
    """Ids of events that were told and that the feed need not have."""

    def __init__(self, fleet, chaos):
        self.fleet, self.chaos = fleet, chaos
        self.findings, self.figures, self.feed = [], {}, []

    async def run(self):
        headers = {"Authorization": f"Bearer {self.fleet.key}"}
        async with httpx.AsyncClient(base_url=self.fleet.url, headers=headers, timeout=60) as client:
            self._client = client
            await self._quiet()
            self.judge_histories(await self._histories())
            self.feed = await self._feed()
        self.judge_feed(self.feed)
        self.judge_topics(await self._topics(), self.feed)
        return self.findings

    async def _get(self, path, **params):
        answer = await self._client.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    async def _quiet(self):
        """Until nothing waits and nothing new comes. Raises AssertionError with what the roles said where it never does."""
        begun, calm, head = time.monotonic(), 0, -1
        while calm < 8:
            await asyncio.sleep(1)
            if time.monotonic() - begun > self.patience:
                raise AssertionError(f"does not settle, the head is {head}: {self.fleet.said()}")
            said = await self._get("/v1/status")
            now = (await self._get("/v1/events", after=0, limit=1))["head"]
            still = not said["outbox"] and not said["spool"] and not said["due_clocks"] and now == head
            calm, head = calm + 1 if still else 0, now
        self.figures["seconds to settle"] = round(time.monotonic() - begun - 8, 1)
        if said["held_leads"] or said["quarantine"]:
            self.findings.append(f"held or set aside: {said}")
        if letters := (await self._get("/v1/dead-letters"))["dead_letters"]:
            self.findings.append(f"dead letters: {letters[:3]}")

    async def _histories(self):
        """For each lead the ids of its signals, in the order of its history."""
        leads, after = [], ""
        while after is not None:
            page = await self._get("/v1/leads", after=after, limit=500)
            leads, after = leads + page["leads"], page["next"]
        gate = asyncio.Semaphore(16)

        async def one(lead):
            async with gate:
                rows = (await self._get(f"/v1/leads/{lead['id']}/history", limit=200))["history"]
            return [row["signal_id"] for row in rows if row["kind"] != "clock.due"]

        return await asyncio.gather(*(one(lead) for lead in leads))

    def judge_histories(self, orders):
        """Each 202 once; each lead's signals in the order they were sent, where no outage sent some by the spool."""
        found = Counter(ident for order in orders for ident in order)
        self.figures |= {"leads": len(orders), "202": len(self.chaos.given), "in the history": sum(found.values())}
        lost = [given.signal for given in self.chaos.given if given.signal not in found]
        if lost:
            self.findings.append(f"{len(lost)} answered 202 and not in the history: {lost[:3]}")
        if twice := [ident for ident, count in found.items() if count > 1]:
            self.findings.append(f"{len(twice)} more than once in the history: {twice[:3]}")
        if strange := found.keys() - {given.signal for given in self.chaos.given}:
            self.findings.append(f"{len(strange)} in the history that nobody sent: {sorted(strange)[:3]}")
        if len(orders) != self.chaos.leads:
            self.findings.append(f"{self.chaos.leads} people became {len(orders)} leads")
        self._ordered([[ident for ident in order if ident not in strange] for order in orders])

    def _ordered(self, orders):
        sent, calm = {}, set()
        by_lead = defaultdict(list)
        for given in self.chaos.given:
            by_lead[given.email].append(given)
        for given in by_lead.values():
            sent.update({one.signal: number for number, one in enumerate(given)})
            span = given[0].sent, given[-1].answered
            if not any(begun < span[1] and span[0] < over for begun, over in self.chaos.outages):
                calm.update(one.signal for one in given)
        wrong = [o for o in orders if set(o) <= calm and o != sorted(o, key=sent.__getitem__)]
        self.figures["leads checked for order"] = sum(set(o) <= calm for o in orders)
        if wrong:
            self.findings.append(f"{len(wrong)} leads out of order: {wrong[0]}")

    async def _feed(self):
        feed, after = [], 0
        while page := (await self._get("/v1/events", after=after, limit=500))["events"]:
            feed += page
            after = page[-1]["position"]
        return feed

    def judge_feed(self, feed):
        """Positions and every subject's sequence are whole: a lead's, and that of a promise that no lead is about. Each
        person is offered once, each clock breaches once."""
        if [entry["position"] for entry in feed] != list(range(1, len(feed) + 1)):
            self.findings.append("positions of the feed have a gap")
        self.figures["events"] = len(feed)
        sequences, by_type = defaultdict(list), defaultdict(list)
        for event in (entry["event"] for entry in feed):
            sequences[event["subject"]].append(int(event["sequence"]))
            by_type[event["type"]].append(event)
        if gaps := [lead for lead, found in sequences.items() if found != list(range(1, len(found) + 1))]:
            self.findings.append(f"{len(gaps)} subjects with gaps in sequence: {sequences[gaps[0]]}")
        offers = Counter(event["subject"] for event in by_type["stafett.handover.offered.v1"])
        self._offered({event["subject"] for event in by_type["stafett.lead.created.v1"]}, offers)
        self._breached(Counter(event["data"]["clock_id"] for event in by_type["stafett.sla.breached.v1"]))

    def _offered(self, leads, offers):
        if many := [lead for lead in leads if offers[lead] != 1]:
            self.findings.append(f"{len(many)} leads were not offered exactly once: {many[0]} {offers[many[0]]}")
        if len(leads) != self.chaos.leads:
            self.findings.append(f"{self.chaos.leads} people, {len(leads)} leads created on the topics")
        self.figures["hand-overs"] = sum(offers.values())

    def _breached(self, breaches):
        if twice := [clock for clock, count in breaches.items() if count > 1]:
            self.findings.append(f"{len(twice)} clocks breached more than once")
        waited = sum(1 for number in range(1, self.chaos.leads + 1) if not number % 3)
        if len(breaches) < waited:
            self.findings.append(f"{waited} people were not followed up, {len(breaches)} promises were broken")
        self.figures["breaches"] = len(breaches)

    async def _topics(self):
        """All that is on the topics, each partition in its order: (partition, event)."""
        found = []
        consumer = AIOKafkaConsumer(bootstrap_servers=self.fleet.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            parts = [TopicPartition(t, p) for t in TOPICS for p in consumer.partitions_for_topic(t) or ()]
            if not parts:
                parts = [TopicPartition(t, p) for t in TOPICS for p in range(6)]
            consumer.assign(parts)
            await consumer.seek_to_beginning(*parts)
            ends = await consumer.end_offsets(parts)
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for part, records in (await consumer.getmany(timeout_ms=500, max_records=1000)).items():
                    found += [(part, json.loads(record.value)) for record in records]
        finally:
            await consumer.stop()
        return found

    def judge_topics(self, found, feed):
        """The same events as the feed. The relay may repeat after a crash; what a consumer has seen it drops."""
        seen, last = set(), {}
        for part, event in found:
            if event["id"] in seen:
                continue
            seen.add(event["id"])
            lead, sequence = event["subject"], int(event["sequence"])
            if last.get((part, lead), 0) >= sequence:
                self.findings.append(f"{lead} out of order on {part}")
            last[part, lead] = sequence
        if seen != {entry["event"]["id"] for entry in feed}:
            self.findings.append(f"{len(seen)} events on the topics, {len(feed)} in the feed")
        self.figures["repeats on the topics"] = len(found) - len(seen)
