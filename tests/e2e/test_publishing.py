"""Publishing an agreement: both sides, an instant, every router at once; in every set-up, and by the command line."""

import asyncio
import io
import json
from datetime import date, timedelta

import pytest

from routing.agreement.agreement import compile_agreement, content_hash
from routing.calendar.holidays import ResolvedHolidays, resolve_holidays
from routing.people.commands import ROSTER_KEY, to_signal
from routing.people.permissions import Principal, cannot_approve
from routing.people.roster import Roster
from routing.people.roster_changes import apply
from schemas.calendar import Holidays
from schemas.commands import Approve
from schemas.roster import RosterChange
from services.adapters.sql.agreements import Agreements
from services.api.explanations import Explainer
from services.cli.main import main
from services.ports.rows import AgreementRow, ApprovalRow
from services.router.role import Router
from services.rules.approvals import counting, missing, pending, signatures, wrongly_typed
from services.rules.differences import differences
from services.rules.publications import BEGINNING, LEAD, Publication, objections, read, write
from services.rules.versions import Versions
from services.sla.recheck import ask
from tests.api import bearer, installed
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
    assert read(await store.publications()) == entries()


def approval(side, person, digest=NEW.hash, at=START, principal=None):
    return ApprovalRow(f"{side}-{person}-{at}", digest, side, person, principal or person, "agreed", at)


def test_a_publication_takes_effect_after_the_one_before_and_in_time_to_be_known():
    assert objections(START + LEAD, START, ()) == []
    assert "10 s" in objections(START + LEAD - timedelta(microseconds=1), START, ())[0]
    assert "after the one before" in objections(SWITCH, START, entries())[0]


def test_a_publication_needs_two_people_one_of_each_side_over_this_very_hash():
    lena, maja = approval("marketing", "lena"), approval("sales", "maja")
    assert missing([lena, maja], NEW.hash) == []
    assert [line[:26] for line in missing([], NEW.hash)] == ["no approval of marketing o", "no approval of sales over "]
    assert "no approval of sales" in missing([lena], NEW.hash)[0]
    both = [approval("marketing", "maja"), maja]
    assert missing(both, NEW.hash) == ["one person cannot approve for both sides"]
    assert signatures([*both, lena]) == {"marketing": "lena", "sales": "maja"}
    assert counting([lena, approval("sales", "maja", OLD.hash)], NEW.hash, ()) == [lena], "of another file"


def test_to_go_back_to_an_earlier_version_is_approved_anew():
    first, second = entries()
    used, anew = approval("sales", "maja", at=START - MINUTE), approval("sales", "maja", at=START + MINUTE)
    assert counting([used, anew], NEW.hash, (first, second)) == [anew]
    assert pending([used, anew], (first, second)) == [anew]


def test_who_approves_is_of_that_side_and_uses_a_key_of_their_own():
    roster = ruling().roster

    def why(name, person, side):
        return cannot_approve(Principal(name, person), side, roster)

    assert why("key", "lena", "marketing") is None
    assert why("key", "maja", "marketing") is None, "a manager stands for either side"
    assert "cannot approve for marketing" in why("key", "sara", "marketing")
    assert "cannot approve for sales" in why("key", "lena", "sales")
    assert "did you mean `lena`" in why("key", "lenna", "marketing")
    assert "own API key" in why("operator", "lena", "marketing")
    assert "own API key" in why("key", None, "marketing")
    left = Roster(apply(roster.file, RosterChange(change="left", at=START, person="lena")))
    assert "left" in cannot_approve(Principal("key", "lena"), "marketing", left)


def test_what_the_operator_types_counts_for_the_first_publication_only():
    def said(typed, before=()):
        return wrongly_typed(typed, NEW.hash, ruling().roster, before)

    good = {"marketing": ("lena", NEW.hash[:12]), "sales": ("maja", NEW.hash)}
    assert said(good) == []
    assert "approve it again" in said({**good, "sales": ("maja", OLD.hash)})[0]
    assert "approve it again" in said({**good, "sales": ("maja", NEW.hash[:11])})[0]
    assert "cannot approve for marketing" in said({**good, "marketing": ("sara", NEW.hash)})[0]
    assert "each side approves by itself" in said(good, entries())[0]


def asked(running, person, side, key=None):
    command = Approve(command="approve", hash=NEW.hash, side=side, reason="as agreed")
    return to_signal(command, Principal(person, person), running.at, key or person, "default", ROSTER_KEY)


async def test_each_side_approves_by_a_command_of_its_own_that_is_recorded_once(running):
    lena, sara = asked(running, "lena", "marketing"), asked(running, "sara", "sales")
    await running.give(lena, lena, sara, asked(running, "maja", "sales"))
    kept = await Agreements(running.store.engines).approvals()
    assert sorted((a.side, a.person, a.principal, a.hash, a.reason, a.approved_at) for a in kept) == [
        ("marketing", "lena", "lena", NEW.hash, "as agreed", START),
        ("sales", "maja", "maja", NEW.hash, "as agreed", START),
    ]
    assert signatures(kept) == {"marketing": "lena", "sales": "maja"}
    (told,) = await running.reading.history_of_signal(lena.id)
    assert (told.row.outcome, told.row.note) == ("changed", f"lena approves {NEW.hash[:12]} for marketing")
    (refused,) = await running.reading.history_of_signal(sara.id)
    assert refused.row.note.startswith("refused: `sara` has none of the roles")


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
    assert f"no approval of sales over {NEW.hash[:12]}" in capsys.readouterr().err
    signed = [f"--approve=marketing=lena@{NEW.hash[:12]}", f"--approve=sales=maja@{NEW.hash[:12]}"]
    assert main([*publish, *signed, "--apply-to-open"]) == 0
    assert "0 of 0 open clocks would move" in capsys.readouterr().out
    assert main([*publish, *signed]) == 0
    capsys.readouterr()
    assert main(["agreement", "publish", str(folder / "agreement.yaml"), *config, *signed]) == 1
    assert "each side approves by itself" in capsys.readouterr().err, "typed for the first publication only"
    assert main([*publish, "--apply-to-open"]) == 0
    assert "nothing was done. Say --yes" in capsys.readouterr().out, "the latest publication is previewed too"
    assert main(["agreement", "show", *config]) == 0
    shown = capsys.readouterr().out
    assert NEW.hash[:12] in shown and f"* {OLD.hash[:12]}" in shown and "marketing: lena" in shown
    assert main(["agreement", "show", NEW.hash[:8], *config]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(STRICTER) and "#   2026-12-25  Christmas Day" in shown
    assert "# approved for sales: maja, typed by the operator" in shown
    assert content_hash(shown) == NEW.hash, "what is shown is the file"
    assert main(["agreement", "show", OLD.hash[:8], *config]) == 0
    assert main(["agreement", "show", "ffff0000", *config]) == 1


def test_a_version_that_names_its_approvers_is_published_by_them_and_then_they_approve_the_next(tmp_path, capsys):
    folder, new = tmp_path / "mine", tmp_path / "next.yaml"
    assert main(["new", str(folder)]) == 0
    config = ["--config", str(folder)]
    assert main(["db", "upgrade", *config]) == 0
    new.write_text(STRICTER + "\napprovers: {sales: maja, marketing: lena}\n")
    digest = compile_agreement(new.read_text()).hash
    publish = ["agreement", "publish", str(new), *config, f"--approve=marketing=lena@{digest}"]
    capsys.readouterr()
    assert main([*publish, f"--approve=sales=elin@{digest}"]) == 1
    assert "sales: `elin` is not among the agreement's `approvers` for sales: maja" in capsys.readouterr().err
    assert main([*publish, f"--approve=sales=maja@{digest}"]) == 0
    new.write_text(STRICTER + "\napprovers: {sales: elin}\n")
    assert main(["agreement", "publish", str(new), *config]) == 1
    said = capsys.readouterr().err
    assert "one of lena gives it" in said, "of those who are named by what rules until then"


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


async def test_both_sides_approve_with_their_keys_and_publishing_finds_it(tmp_path, monkeypatch, capsys):
    new = tmp_path / "next.yaml"
    new.write_text(STRICTER)
    async with installed(tmp_path) as api:
        config = ["--config", str(tmp_path / "config")]
        database = f"sqlite:///{tmp_path}/s.db"
        (tmp_path / "config" / ".env").write_text(
            f"STAFETT_DATABASE_URL={database}\nSTAFETT_DEPLOYMENT_KEY={'k' * 64}\nSTAFETT_KAFKA_PARTITIONS=4\n"
        )

        async def called(*args, key=""):
            monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
            status = await asyncio.to_thread(main, ["agreement", *args, *config])
            return status, "".join(capsys.readouterr())

        async def approve(key, side, status=202, **more):
            said = {"command": "approve", "hash": NEW.hash, "side": side, "reason": "as agreed", **more}
            answer = await api.client.post("/v1/commands", json=said, headers=bearer(key))
            assert answer.status_code == status, answer.text

        await approve("elin", "marketing", 403)
        await approve("all", "marketing", 403)
        await approve("maja", "sales", 422, hash=NEW.hash[:12])
        await approve("maja", "sales")
        await api.settled()
        assert "no approval of marketing" in (await called("publish", str(new)))[1]
        by_command = ["approve", str(new), "--side", "marketing", "--reason", "as agreed"]
        assert (await called(*by_command, key="sk_nobody"))[0] == 1
        assert (await called(*by_command, key="sk_elin"))[0] == 1
        assert (await called(*by_command, key="sk_lena"))[0] == 0
        await api.settled()
        assert "not published  (marketing: lena, with the key lena" in (await called("show"))[1]
        waiting = (await api.get("/v1/agreements"))["pending"]
        assert [(a["side"], a["person"], a["key"]) for a in waiting] == [
            ("sales", "maja", "maja"), ("marketing", "lena", "lena"),
        ]  # fmt: skip
        assert (await called("publish", str(new)))[0] == 0
        after = await api.get("/v1/agreements")
        assert (after["agreements"][1]["approvals"], after["pending"]) == ({"marketing": "lena", "sales": "maja"}, [])
        assert len((await api.get(f"/v1/agreements/{NEW.hash}"))["given"]) == 2
        assert "approved for sales: maja, with the key maja" in (await called("show", NEW.hash[:12]))[1]
