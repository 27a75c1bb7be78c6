"""Publishing an agreement: both sides, an instant, every router at once; in every set-up, and by the command line."""

import json
from datetime import date, timedelta

import pytest

from routing.agreement import compile_agreement, content_hash
from routing.holidays import ResolvedHolidays, resolve_holidays
from schemas.calendar import Holidays
from services.adapters.sql.agreements import Agreements
from services.cli.agreement import differences
from services.cli.main import main
from services.explain import Explainer
from services.publications import BEGINNING, LEAD, Publication, objections, read, write
from services.recheck import ask
from services.router.role import Router
from services.rows import AgreementRow
from services.versions import Versions
from tests.api import installed
from tests.setups import EXAMPLES, SETUPS, START, ruling, setup, signal

TEXT = (EXAMPLES / "agreement.yaml").read_text()
STRICTER = TEXT.replace("signal.form_id in ['demo', 'contact-sales', 'pricing']", "signal.form_id in ['contact-sales']")
OLD, NEW = compile_agreement(TEXT), compile_agreement(STRICTER)
MINUTE = timedelta(minutes=1)
SWITCH = START + 10 * MINUTE


def entries():
    first = Publication(hash=OLD.hash, title="t", effective_from=BEGINNING, published_at=START)
    return first, first.model_copy(update={"hash": NEW.hash, "effective_from": SWITCH, "approvals": {"sales": "maja"}})


async def published(running):
    store = Agreements(running.store.engines)
    return await store.publish(None, write(entries()), files(TEXT, STRICTER), START)


def files(*texts, of_year=Holidays.of_year):
    """As they are stored, with the holidays of a library that has them so."""
    found = {}
    for text in texts:
        agreement = compile_agreement(text)
        days = resolve_holidays(agreement.file, START.date(), START.date(), of_year)
        found[agreement.hash] = AgreementRow(text, days.model_dump_json())
    return found


@pytest.fixture(params=SETUPS)
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


def agreements(events):
    return [(e["subject"], e["agreementversion"]) for e in map(json.loads, events)]


async def test_a_running_router_switches_at_the_recorded_instant_without_a_restart(running):
    await running.give(signal(1, "form.submitted", "anna", form_id="demo"))
    assert await published(running)
    await running.give(signal(2, "form.submitted", "bo", SWITCH - timedelta(microseconds=1), form_id="demo"))
    await running.give(signal(3, "form.submitted", "cia", SWITCH, form_id="demo"))
    leads = {row.id: row.stage for row in await running.reading.leads()}
    assert sorted(leads.values()) == ["hand_over", "hand_over", "qualification"]
    by_lead = {}
    for lead, digest in agreements(await running.events()):
        by_lead.setdefault(lead, set()).add(digest)
    assert all(by_lead[lead] == {OLD.hash if stage == "hand_over" else NEW.hash} for lead, stage in leads.items())


async def test_a_router_that_is_behind_decides_by_when_a_signal_was_received(running):
    from tests.setups import record

    await published(running)
    early = [signal(i, "form.submitted", f"lead{i}", SWITCH - MINUTE, form_id="demo") for i in range(3)]
    late = [signal(i, "form.submitted", f"lead{i}", SWITCH + MINUTE, form_id="demo") for i in range(3, 6)]
    await running.log.append([record(item, running.topic) for pair in zip(early, late, strict=True) for item in pair])
    running.at = SWITCH + timedelta(hours=1)
    await running.route(6)
    stages = sorted(row.stage for row in await running.reading.leads())
    assert stages == ["hand_over"] * 3 + ["qualification"] * 3


async def test_a_clock_keeps_the_agreement_it_started_under_after_a_switch(running):
    await running.give(signal(1, "form.submitted", "anna", form_id="demo"))
    await published(running)
    rules = ruling()
    running.router = Router(running.store, running.log, running.topic, lambda: rules, lambda: running.at)
    await running.later(days=2)
    breach = next(e for e in map(json.loads, await running.events()) if e["type"] == "stafett.sla.breached.v1")
    clock = await running.reading.clock(breach["data"]["clock_id"])
    assert json.loads(clock.body)["agreement"] == OLD.hash
    assert breach["agreementversion"] == NEW.hash, "decided after the switch"


async def test_open_clocks_go_under_the_new_agreement_when_they_are_asked_to_and_say_so(running):
    longer = TEXT.replace("target: 24h elapsed", "target: 48h elapsed")
    digest = compile_agreement(longer).hash
    await running.give(signal(1, "form.submitted", "anna", form_id="demo"))
    first, second = entries()
    text = write((first, second.model_copy(update={"hash": digest})))
    assert await Agreements(running.store.engines).publish(None, text, files(TEXT, longer), START)
    running.at = SWITCH
    for _ in range(2):
        asked = await ask(running.reading, running.log, running.topic, SWITCH, adopt=True, key="publish:x")
        assert asked == 1
        await running.route(1)
    (clock,) = [row for row in await running.reading.clocks(policy="follow-up") if row.state == "running"]
    assert clock.due_at == START + timedelta(hours=48)
    corrected = [e for e in map(json.loads, await running.events()) if e["type"] == "stafett.sla.corrected.v1"]
    assert [e["data"]["policy"] for e in corrected] == ["follow-up"]


def founders_day(holidays, year):
    """A library that has one day more than the installed one."""
    return {**holidays.of_year(year), date(year, 11, 25): "Founders' Day"}


async def test_a_published_agreement_keeps_its_due_instants_when_the_library_says_otherwise(running):
    late = START.replace(hour=15, minute=30)
    first = entries()[0]
    stored = files(TEXT, of_year=founders_day)
    assert await Agreements(running.store.engines).publish(None, write((first,)), stored, START)
    await running.give(signal(1, "form.submitted", "anna", form_id="demo", at=late))
    (row,) = await running.reading.clocks(policy="answer")
    assert row.due_at == (late + timedelta(days=2)).replace(hour=8, minute=30), (
        "Wednesday is closed, though no longer known"
    )
    versions = Versions(Agreements(running.store.engines), lambda: running.ruling, lambda: TEXT, lambda: running.at)
    said = await Explainer(running.reading, versions.ruling, lambda: running.at).clock(row.id)
    assert "closed: holiday Founders' Day" in said.text


def test_a_file_that_is_not_published_goes_by_the_library_and_so_does_a_year_that_was_not_resolved():
    day, name = date(2026, 12, 25), "Christmas Day"
    assert OLD.calendars["stockholm"].holiday(day) == name
    none = ResolvedHolidays(first=2026, last=2026, days={"stockholm": {}})
    calendar = compile_agreement(TEXT, resolved=none).calendars["stockholm"]
    assert (calendar.holiday(day), calendar.holiday(day.replace(year=2027))) == (None, name)


async def test_of_two_who_publish_at_once_one_is_told(running):
    assert await published(running)
    assert not await published(running)
    store = Agreements(running.store.engines)
    assert (await store.rows([OLD.hash])) == files(TEXT)
    assert not await store.publish("stale", write(entries()), {}, START)
    assert read(await store.published()) == entries()


def test_a_publication_needs_both_sides_over_this_very_hash_and_time_to_be_known():
    def said(approvals, at=START + LEAD, before=()):
        return objections(NEW, approvals, ruling().roster, at, START, before)

    good = {"marketing": ("lena", NEW.hash[:12]), "sales": ("maja", NEW.hash)}
    assert said(good) == []
    assert "no approval of marketing" in said({"sales": good["sales"]})[0]
    assert "approve it anew" in said({**good, "sales": ("maja", OLD.hash)})[0]
    assert "cannot approve for marketing" in said({**good, "marketing": ("sara", NEW.hash)})[0]
    assert "did you mean `lena`" in said({**good, "marketing": ("lenna", NEW.hash)})[0]
    assert "one person" in said({**good, "marketing": ("maja", NEW.hash)})[0]
    assert "10 s" in said(good, START + LEAD - timedelta(microseconds=1))[0]
    assert "after the one before" in said(good, SWITCH, entries())[0]


def test_a_difference_is_named_by_path_and_name():
    old = {"a": [{"name": "x", "v": 1}, {"name": "y"}], "b": [1, 2], "gone": True}
    new = {"a": [{"name": "y"}, {"name": "x", "v": 2}], "b": [1, 3], "more": "é"}
    assert list(differences(old, new, "")) == [
        "a: another order: y, x",
        "a.x.v: 1 -> 2",
        "b: [1, 2] -> [1, 3]",
        "gone: true -> (nothing)",
        'more: (nothing) -> "é"',
    ]


def test_the_commands_work_one_after_the_other(tmp_path, capsys):
    folder = tmp_path / "mine"
    assert main(["new", str(folder)]) == 0
    config = ["--config", str(folder)]
    assert main(["db", "upgrade", *config]) == 0
    new = tmp_path / "next.yaml"
    assert main(["agreement", "new", str(new)]) == 0
    assert main(["agreement", "new", str(new)]) == 1
    new.write_text(STRICTER)
    assert main(["agreement", "check", str(new), "--roster", str(folder / "roster.yaml")]) == 0
    capsys.readouterr()
    assert main(["agreement", "diff", str(folder / "agreement.yaml"), str(new)]) == 1
    assert "definitions.sales_qualified" in capsys.readouterr().out
    assert main(["agreement", "schema"]) == 0
    assert "scoring" in json.loads(capsys.readouterr().out)["properties"]
    publish = ["agreement", "publish", str(new), *config]
    assert main(publish) == 1
    assert "no approval of sales" in capsys.readouterr().err
    signed = [f"--approve=marketing=lena@{NEW.hash[:12]}", f"--approve=sales=maja@{NEW.hash[:12]}"]
    assert main([*publish, *signed, "--apply-to-open"]) == 0
    assert "0 of 0 open clocks would move" in capsys.readouterr().out
    assert main([*publish, *signed]) == 0
    capsys.readouterr()
    assert main([*publish, "--apply-to-open"]) == 0
    assert "nothing was done. Say --yes" in capsys.readouterr().out, "the latest publication is previewed too"
    assert main(["agreement", "show", *config]) == 0
    shown = capsys.readouterr().out
    assert NEW.hash[:12] in shown and f"* {OLD.hash[:12]}" in shown and "marketing: lena" in shown
    assert main(["agreement", "show", NEW.hash[:8], *config]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(STRICTER) and "#   2026-12-25  Christmas Day" in shown
    assert content_hash(shown) == NEW.hash, "what is shown is the file"
    assert main(["agreement", "show", OLD.hash[:8], *config]) == 0
    assert main(["agreement", "show", "ffff0000", *config]) == 1


async def test_old_versions_stay_readable_and_explain_what_was_decided_under_them(tmp_path):
    async with installed(tmp_path) as api:
        before = (await api.get("/v1/agreements"))["agreements"]
        assert [(v["hash"], v["rules"], v["approvals"]) for v in before] == [(OLD.hash, "now", {})]
        assert (await api.get(f"/v1/agreements/{OLD.hash}"))["text"] == TEXT
        await api.form(email="anna@acme.example", form_id="demo")
        await api.settled()
        now = api.parts.now()
        first, second = entries()
        second = second.model_copy(update={"effective_from": now, "approvals": {"sales": "maja", "marketing": "lena"}})
        published = await Agreements(api.parts.store.engines).publish(
            None, write((first, second)), files(TEXT, STRICTER), now
        )
        assert published
        after = (await api.get("/v1/agreements"))["agreements"]
        assert [(v["hash"], v["rules"]) for v in after] == [(OLD.hash, "before"), (NEW.hash, "now")]
        one = await api.get(f"/v1/agreements/{NEW.hash[:12]}")
        assert (one["text"], one["holidays"]["stockholm"]["2026-12-25"]) == (STRICTER, "Christmas Day")
        assert (await api.get("/v1/agreements/abcdefabcdef", status=404))["type"].endswith("not_found")
        assert (await api.get(f"/v1/agreements/{NEW.hash}", key="ops:read", status=403))["status"] == 403
        await api.form(email="bo@bolag.example", form_id="contact-sales")
        await api.settled()
        lead = (await api.get("/v1/leads", email="bo@bolag.example"))["leads"][0]
        clock = (await api.get("/v1/clocks", lead=lead["id"]))["clocks"][0]
        assert clock["agreement"] == NEW.hash
        said = await api.get(f"/v1/clocks/{clock['id']}/explain")
        assert said["intervals"], "the calendar of the published agreement is at hand"
