"""Leads, their way, hand-overs, promises, meetings, opportunities, definitions, notes."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from statistics import median_low

from tests.by_hand.facts import QUARTER, months_to, part, seconds, week_of

OUTCOMES = {
    "handover.accepted": "accepted",
    "handover.rejected": "rejected",
    "handover.expired": "expired",
    "handover.withdrawn": "withdrawn",
    "handover.followed_up": "followed_up",
    "handover.returned": "returned",
    "handover.lost": "lost",
    "handover.won": "won",
}
COLUMNS = (
    "offered",
    "offered_again",
    "accepted",
    "followed_up",
    "rejected",
    "expired",
    "withdrawn",
    "returned",
    "won",
    "lost",
)
STAGES = ("prospecting", "contact", "qualification", "hand_over", "deal")
FAR = ("qualification", "hand_over", "deal", "nurturing")
STEPS = (("contact", "qualification"), ("qualification", "hand_over"), ("hand_over", "deal"), ("deal", "nurturing"))
STUCK = timedelta(days=14)


def _leads(f, weeks, known):
    came = {lead: e for lead, e in f.created.items() if lead not in f.gone}
    by_week = Counter(week_of(e["day"]) for e in came.values())
    now = {lead: e for lead, e in came.items() if week_of(e["day"]) == weeks[-1]}
    sources = Counter(e["data"]["source"] for e in now.values())
    companies = {lead: _company(f.heard[lead]) for lead in now}
    found = {("leads_in", "by_week", (week,), "leads"): str(by_week[week]) for week in weeks}
    found |= {("leads_in", "by_source", (name,), "leads"): str(n) for name, n in sources.items()}
    inside = {name: {lead for lead, c in companies.items() if test(c)} for name, test in known["segments"].items()}
    found |= {("leads_in", "by_segment", (name,), "leads"): str(len(leads)) for name, leads in inside.items()}
    nowhere = len(set(now).difference(*inside.values()))
    return found | {("leads_in", "by_segment", ("-",), "leads"): str(nowhere)}


def _company(heard):
    """The last proven word on each fact, else the last word."""
    known = {}
    for proven in (False, True):
        for signal in heard:
            if (signal["facts"]["proof"] == "signed") == proven:
                known |= {name: value for name, value in signal["facts"]["company"].items() if value is not None}
    return known


def _journey(f, weeks, known):
    found, reached, times, leads = {}, Counter(), defaultdict(list), Counter()
    for lead, first in f.created.items():
        week = week_of(first["day"])
        if lead in f.gone or week not in weeks:
            continue
        leads[week] += 1
        way = []
        for event, _, stage in f.moves(lead):
            way.append((event["at"], stage))
            if stage == "nurturing":
                break
        reached.update((week, stage) for stage in {stage for _, stage in way})
        for (before, a), (after, b) in zip(way, way[1:], strict=False):
            times[week, a, b].append(seconds(after - before))
        booked = [s for s in f.heard[lead] if s["kind"] == "sales.meeting_booked"]
        reached[week, "meeting"] += bool(booked) and booked[0]["mode"] == "live"
    for week in weeks:
        found["journey", "reached", (week,), "leads"] = str(leads[week])
        found["meetings", "by_week", (week,), "lead_to_meeting"] = part(reached[week, "meeting"], leads[week])
        for stage in FAR:
            found["journey", "reached", (week,), stage] = str(reached[week, stage])
            found["journey", "conversion", (week,), stage] = part(reached[week, stage], leads[week])
        for step in STEPS:
            if took := sorted(times[(week, *step)]):
                found["journey", "times", (week, *step), "median"] = str(median_low(took))
                found["journey", "times", (week, *step), "nine_of_ten"] = str(took[-(-len(took) * 9 // 10) - 1])
    return found


def _outcome(event):
    if event["type"] == "handover.offered":
        return "offered" if event["data"]["offer_number"] == 1 else "offered_again"
    return OUTCOMES.get(event["type"])


def _handovers(f, weeks, known):
    told = [(week_of(e["day"]), _outcome(e), e["data"]) for e in f.live if _outcome(e)]
    by_week = Counter((week, what) for week, what, _ in told)
    people = Counter(
        (data["owner"]["person"] if data["owner"] else "-", what) for w, what, data in told if w == weeks[-1]
    )
    reasons = Counter(
        ("_".join((d["reason"] or "-").lower().replace("_", " ").split()), d["criterion"] or "-")
        for w, what, d in told
        if w == weeks[-1] and what == "rejected"
    )
    found = {("hand_overs", "by_week", (week,), what): str(by_week[week, what]) for week in weeks for what in COLUMNS}
    who = {person for person, _ in people}
    found |= {("hand_overs", "by_person", (p,), what): str(people[p, what]) for p in who for what in COLUMNS}
    return found | {("hand_overs", "reasons", labels, "rejected"): str(n) for labels, n in reasons.items()}


def _promises(f, weeks, known):
    last = {}
    for event in f.live:
        kind, data = event["type"], event["data"]
        if kind not in ("sla.fulfilled", "sla.breached", "sla.cancelled", "sla.corrected"):
            continue
        new = {"sla.fulfilled": "fulfilled", "sla.breached": "breached", "sla.cancelled": "no"}.get(kind) or data["new"]
        last[event["subject"], data["clock_id"]] = (new, data)
    found, sides, people = {}, Counter(), Counter()
    for new, data in last.values():
        if new not in ("fulfilled", "breached"):
            continue
        at = datetime.fromisoformat(data["fulfilled_at"] if new == "fulfilled" else data["due_at"])
        week, verdict = week_of(at.astimezone(f.zone).date()), {"fulfilled": "kept", "breached": "broken"}[new]
        sides[week, data["side"], verdict] += 1
        if week == weeks[-1]:
            people[data["side"], *_whose(data), data["policy"], verdict] += 1
    pairs = [("by_side", (week, side), sides) for week in weeks for side in ("marketing", "sales")]
    pairs += [("by_person", labels, people) for labels in {key[:-1] for key in people}]
    for table, labels, counts in pairs:
        kept, broken = counts[(*labels, "kept")], counts[(*labels, "broken")]
        found["promises", table, labels, "kept"], found["promises", table, labels, "broken"] = str(kept), str(broken)
        found["promises", table, labels, "share"] = part(kept, kept + broken)
    return found


def _whose(data):
    """(team, person): as the promise says; else the subject of a volume, else for sales the owner."""
    kind, named = data["subject_kind"], data["answerable"]
    if named:
        return named["team"] or "-", named["person"] or "-"
    if kind in ("team", "person", "organisation"):
        return {"team": (data["subject_id"], "-"), "person": (data["team"] or "-", data["subject_id"])}.get(
            kind, ("-", "-")
        )
    if data["side"] == "sales" and data["owner"]:
        return data["team"] or "-", data["owner"]["person"]
    return (data["team"] or "-" if data["side"] == "sales" else "-"), "-"


def _meetings(f, weeks, known):
    kinds = {"sales.meeting_booked": "booked", "sales.meeting_held": "held", "sales.meeting_cancelled": "cancelled"}
    counts = Counter(
        (week_of(s["day"]), kinds[s["kind"]]) for s in f.signals if s["kind"] in kinds and s["mode"] == "live"
    )
    return {("meetings", "by_week", (w,), what): str(counts[w, what]) for w in weeks for what in kinds.values()}


def _opportunities(f, weeks, known):
    met = [e for e in f.live if e["type"] == "lead.definition_met" and e["data"]["definition"] == "opportunity"]
    by_month = Counter(f"{e['day']:%Y-%m}" for e in met)
    by_side = Counter((f"{e['day']:%Y-%m}", f.finder(e["subject"])) for e in met)
    recent = [e for e in met if e["day"] > f.sunday - timedelta(days=QUARTER)]
    sources = Counter(f.created[e["subject"]]["data"]["source"] if e["subject"] in f.created else "-" for e in recent)
    found = {("opportunities", "by_source", (s,), "opportunities"): str(n) for s, n in sources.items()}
    before = None
    for month in months_to(f.sunday):
        here = by_month[month]
        row = {
            "opportunities": str(here),
            "marketing": str(by_side[month, "marketing"]),
            "sales": str(by_side[month, "sales"]),
            "marketing_share": part(by_side[month, "marketing"], here),
            "change": _signed(here - before, before) if before else None,
        }
        found |= {("opportunities", "by_month", (month,), column): value for column, value in row.items()}
        before = here
    return found


def _signed(some, all_):
    text = part(abs(some), all_)
    return f"-{text}" if some < 0 else text


def _stuck(f, weeks, known):
    found, ages, queues, rests = {}, defaultdict(list), defaultdict(list), []
    for lead, told in f.by_lead.items():
        way = list(f.moves(lead))
        if not way or lead in f.gone or not f.is_active(lead) or way[-1][2] == "nurturing":
            continue
        ages[way[-1][2]].append(f.end - way[-1][0]["at"])
        waits = [e for e in told if e["type"] in ("lead.queued", "lead.owner_changed")]
        if waits and waits[-1]["type"] == "lead.queued":
            queues[f"{waits[-1]['data']['route']}/{waits[-1]['data']['pool']}"].append(f.end - waits[-1]["at"])
        holds = [e for e in told if e["type"] in ("lead.parked", "lead.unparked")]
        if holds and holds[-1]["type"] == "lead.parked":
            rests.append(f.end - holds[-1]["at"])
    for stage in STAGES:
        took = sorted(seconds(age) for age in ages[stage])
        found["stuck", "stages", (stage,), "leads"] = str(len(took))
        found["stuck", "stages", (stage,), "stuck"] = str(sum(age > STUCK for age in ages[stage]))
        found["stuck", "stages", (stage,), "median"] = str(median_low(took)) if took else None
        found["stuck", "stages", (stage,), "longest"] = str(took[-1]) if took else None
    for name, took in queues.items():
        found["stuck", "queues", (name,), "leads"] = str(len(took))
        found["stuck", "queues", (name,), "longest"] = str(max(map(seconds, took)))
    found["stuck", "holds", (), "leads"] = str(len(rests))
    found["stuck", "holds", (), "longest"] = str(max(map(seconds, rests))) if rests else None
    return found


def _definitions(f, weeks, known):
    found, begin = {}, f.sunday - timedelta(days=QUARTER - 1)
    offers, answers = {}, {}
    for event in f.events:
        data = event["data"]
        if event["type"] == "handover.offered" and data["handover_id"] not in offers:
            why = data["qualification"]
            offers[data["handover_id"]] = (why["fact"], f.content(event["subject"], datetime.fromisoformat(why["at"])))
        if event["type"] in ("handover.accepted", "handover.rejected") and event["mode"] == "live":
            answers[data["handover_id"]] = event
    recent = {key: e for key, e in answers.items() if e["day"] >= begin}
    verdicts = {key: "taken" if e["type"] == "handover.accepted" else "rejected" for key, e in recent.items()}
    failed = {key: recent[key]["data"] for key, verdict in verdicts.items() if verdict == "rejected"}
    criteria = {key: _criterion(data) for key, data in failed.items()}
    good = _good(f, begin)
    plans = [
        ("precision", (), Counter(verdicts.values()), ("taken", "rejected")),
        ("recall", (), Counter(way for _, _, way, _ in good), ("definition", "people")),
    ]
    for name, index in (("precision_by_fact", 0), ("precision_by_content", 1)):
        groups = defaultdict(Counter)
        for key, verdict in verdicts.items():
            groups[offers.get(key, ("-", "-"))[index]][verdict] += 1
        plans += [(name, (label,), counts, ("taken", "rejected")) for label, counts in groups.items()]
    for name, index in (("recall_by_content", 0), ("recall_by_criterion", 1)):
        groups = defaultdict(Counter)
        for one in good:
            groups[one[index]][one[2]] += 1
        plans += [(name, (label,), counts, ("definition", "people")) for label, counts in groups.items()]
    for name, labels, counts, (one, other) in plans:
        found["definitions", name, labels, one], found["definitions", name, labels, other] = (
            str(counts[one]),
            str(counts[other]),
        )
        found["definitions", name, labels, name.partition("_")[0]] = part(counts[one], counts[one] + counts[other])
    found |= _found_by_people(good)
    for criterion, number in Counter(criteria.values()).items():
        found["definitions", "criteria", (criterion,), "rejected"] = str(number)
        found["definitions", "criteria", (criterion,), "share"] = part(number, len(recent))
    pairs = Counter((offers.get(key, ("-", "-"))[1], criterion) for key, criterion in criteria.items())
    return found | {("definitions", "criteria_by_content", pair, "rejected"): str(n) for pair, n in pairs.items()}


def _found_by_people(good):
    found = {}
    for how, number in Counter(how for _, _, way, how in good if way == "people").items():
        found["definitions", "found_by_people", (how,), "leads"] = str(number)
        found["definitions", "found_by_people", (how,), "share"] = part(number, len(good))
    return found


def _criterion(data):
    reason = "_".join((data["reason"] or "").lower().replace("_", " ").split())
    return data["criterion"] or ("-" if reason in ("", "not_qualified") else reason)


def _good(f, begin):
    """(content, criterion that it had failed, who found it, how) of each deal that began in the quarter."""
    found = []
    for lead, told in f.by_lead.items():
        fact, content, is_own = "-", "-", f.finder(lead) == "sales"
        for event in told:
            if event["mode"] != "live":
                continue
            if event["type"] == "handover.offered":
                why = event["data"]["qualification"]
                fact, content = why["fact"], f.content(lead, datetime.fromisoformat(why["at"]))
            if event["type"] == "lead.stage_changed" and event["data"]["to_stage"] == "deal" and event["day"] >= begin:
                way = "definition" if fact == "sales_qualified" and not is_own else "people"
                found.append((content, _failed_before(f, lead, event["at"]), way, "own_prospect" if is_own else fact))
    return found


def _notes(f, weeks, known):
    counts = Counter()
    for note in f.signals:
        if note["kind"] != "note.added" or note["mode"] != "live" or week_of(note["day"]) != weeks[-1]:
            continue
        lead, at = note["subject"], note["at"]
        stages = [stage for event, _, stage in f.moves(lead) if event["at"] <= at] or ["contact"]
        side = {"hand_over": "sales", "deal": "sales", "qualification": "sdr"}.get(stages[-1], "marketing")
        counts[side, f.content(lead, at), _failed_before(f, lead, at)] += 1
    return {("learning", "notes", labels, "notes"): str(n) for labels, n in counts.items()}


def _failed_before(f, lead, at):
    """The criterion that was named last when it was rejected, by then."""
    failed = [
        e["data"]["criterion"]
        for e in f.by_lead[lead]
        if e["type"] == "handover.rejected" and e["mode"] == "live" and e["at"] <= at and e["data"]["criterion"]
    ]
    return (failed or ["-"])[-1]


ALL = (_leads, _journey, _handovers, _promises, _meetings, _opportunities, _stuck, _definitions, _notes)
