"""A publication that waits is withdrawn; a version published twice; what the commands say to wrong input."""

import asyncio
import io
import json
from datetime import date

import pytest

from routing.agreement.agreement import compile_agreement
from routing.calendar.holidays import resolve_holidays
from services.adapters.sql.agreements import Agreements
from services.cli.main import main
from services.ports.rows import AgreementRow
from services.rules.publications import read
from tests.api import installed
from tests.setups import EXAMPLES

TEXT = (EXAMPLES / "agreement.yaml").read_text()
STRICTER = TEXT.replace("signal.form_id in ['demo', 'contact-sales', 'pricing']", "signal.form_id in ['contact-sales']")
OLD, NEW = compile_agreement(TEXT).hash, compile_agreement(STRICTER).hash
NEXT_YEAR = "2027-06-01T00:00:00+02:00"


@pytest.fixture
async def desk(tmp_path, monkeypatch, capsys):
    """An installation, and its command line: `await called(*args, key=...)` is (status, what was said)."""
    new = tmp_path / "next.yaml"
    new.write_text(STRICTER)
    async with installed(tmp_path) as api:
        (tmp_path / "config" / ".env").write_text(
            f"STAFETT_DATABASE_URL=sqlite:///{tmp_path}/s.db\nSTAFETT_DEPLOYMENT_KEY={'k' * 64}\n"
            "STAFETT_KAFKA_PARTITIONS=4\n"
        )

        async def called(*args, key=""):
            monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
            capsys.readouterr()
            status = await asyncio.to_thread(main, ["agreement", *args, "--config", str(tmp_path / "config")])
            return status, "".join(capsys.readouterr())

        called.new, called.api = str(new), api
        yield called


async def approved(desk):
    for side, key in (("marketing", "sk_lena"), ("sales", "sk_maja")):
        assert (await desk("approve", desk.new, "--side", side, "--reason", "as agreed", key=key))[0] == 0
    await desk.api.settled()


async def test_a_publication_that_waits_is_withdrawn_and_published_again_for_another_date(desk):
    await approved(desk)
    assert (await desk("publish", desk.new, "--effective-from", NEXT_YEAR))[0] == 0
    status, said = await desk("publish", desk.new, "--effective-from", "2027-05-01T00:00:00+02:00")
    assert (status, f"`stafett agreement withdraw {NEW[:12]}` first" in said) == (1, True), said
    withdraw = ("withdraw", NEW[:12], "--reason", "the date was wrong")
    for key, why in (("", "no API key was given"), ("sk_x", "none of this installation's"), ("sk_all", "own API key")):
        status, said = await desk(*withdraw, key=key)
        assert (status, why in said) == (1, True), said
    assert "has no scope commands:write" in (await desk(*withdraw, key="sk_facts"))[1]
    assert (await desk("withdraw", OLD[:12], "--reason", "x", key="sk_lena"))[0] == 1, "it rules"
    assert (await desk("withdraw", NEW[:11], "--reason", "x", key="sk_lena"))[0] == 1
    status, said = await desk(*withdraw, key="sk_lena")
    assert (status, said.startswith(f"withdrawn {NEW[:12]}")) == (0, True), said
    assert "it rules already, or is withdrawn" in (await desk(*withdraw, key="sk_lena"))[1]
    assert "withdrawn by lena: the date was wrong" in (await desk("show"))[1]
    (one,) = [a for a in (await desk.api.get("/v1/agreements"))["agreements"] if a["hash"] == NEW]
    assert (one["rules"], one["withdrawn"]["person"]) == ("withdrawn", "lena")
    assert len((await desk.api.get("/v1/agreements"))["pending"]) == 2, "the approvals count again"
    assert (await desk("publish", desk.new))[0] == 0
    assert (await desk.api.get(f"/v1/agreements/{NEW}"))["rules"] == "later", "as it stands now"


async def test_a_withdrawal_and_a_publication_at_once_do_not_overwrite_each_other(desk):
    await approved(desk)
    await desk("publish", desk.new, "--effective-from", NEXT_YEAR)
    store = Agreements(desk.api.parts.store.engines)
    before = await store.publications()
    assert (await desk("withdraw", NEW[:12], "--reason", "x", key="sk_maja"))[0] == 0
    assert not await store.publish(before, before, {}, desk.api.parts.now())
    assert read(await store.publications())[1].withdrawn is not None


async def test_the_file_that_rules_is_shown_before_anything_is_published(desk):
    status, said = await desk("show", OLD[:12])
    assert (status, said) == (0, f"{TEXT}# not published\n")
    await approved(desk)
    both = await desk("show", "")
    assert (both[0], "the beginning of several versions" in both[1]) == (1, True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("approve", "abcd", "--side", "sales", "--reason", "x"), "give the file, or all 64 digits of the hash"),
        (("approve", "a" * 64, "--side", "sales", "--reason", ""), "reason: must not be empty"),
        (("publish", "NEW", "--effective-from", "soon"), "write it as 2026-06-05T16:00:00+02:00"),
        (("publish", "NEW", "--effective-from", "0001-01-01T00:00:00+14:00"), "an instant is from 1973 to 2286"),
        (("publish", "NEW", "--effective-from", "2226-01-01T00:00:00Z"), "is the year right?"),
        (("publish", "NEW", "--effective-from", "2027-01-01"), "has no zone"),
    ],
)
async def test_wrong_input_is_told_in_one_line_what_to_write(desk, args, said):
    status, told = await desk(*(desk.new if arg == "NEW" else arg for arg in args), key="sk_maja")
    lines = [line for line in told.splitlines() if "no approval of" not in line]
    assert (status, len(lines)) == (1, 1), told
    assert said in lines[0]


def test_check_tells_a_file_that_cannot_be_read_from_one_that_is_not_sound(tmp_path, capsys):
    assert main(["agreement", "check", str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err.endswith("none.yaml:1: cannot be read: No such file or directory\n")
    (tmp_path / "empty.yaml").write_text("{}")
    assert main(["agreement", "check", str(tmp_path / "empty.yaml")]) == 1


async def test_open_clocks_go_under_a_version_each_time_it_is_published(tmp_path):
    """The questions have ids of their own for each publication, or the inbox would drop those of the second."""
    from services.cli.agreements.publish import _apply
    from services.rules.publications import Publication, write

    async with installed(tmp_path) as api:
        await api.form(email="anna@acme.example", form_id="demo")
        await api.settled()
        lead = (await api.get("/v1/leads"))["leads"][0]["id"]
        store, before, days = Agreements(api.parts.store.engines), None, date(2026, 1, 1)
        row = AgreementRow(STRICTER, resolve_holidays(compile_agreement(STRICTER).file, days, days).model_dump_json())
        for number in (1, 2):
            at = api.parts.now()
            entry = Publication(hash=NEW, title="t", effective_from=at, published_at=at)
            assert await store.publish(before, before := write((entry,)), {NEW: row}, at)
            assert await _apply(api.parts, entry) == 0
            await api.settled()
            history = (await api.get(f"/v1/leads/{lead}/history"))["history"]
            assert [entry["kind"] for entry in history].count("clock.recheck") == number
        gone = entry.model_copy(update={"effective_from": at.replace(year=2020)})
        assert await _apply(api.parts, gone) == 1, "it is not among the publications any more"


async def test_a_change_of_the_roster_that_does_not_fit_is_refused_at_once(tmp_path):
    async with installed(tmp_path) as api:

        async def asked(**command):
            answer = await api.client.post(
                "/v1/commands", json={"reason": "x", **command}, headers={"Authorization": "Bearer sk_maja"}
            )
            return answer.status_code, answer.json().get("detail", "")

        nils = {"id": "nils", "roles": ["sales"]}
        assert await asked(command="join", member=nils, seats={"fjeld": 1}) == (403, "there is no pool fjeld")
        assert await asked(command="join", member=nils | {"team": "north"}) == (403, "there is no team north")
        assert "successor" in (await asked(command="join", member=nils | {"successor": "nils"}))[1]
        assert "is the last resort of" in (await asked(command="leave", person="maja"))[1]
        assert "over already" in (await asked(command="absence", person="elin", until="2020-01-01T00:00:00Z"))[1]
        assert (await asked(command="join", member=nils, seats={"field": 1}))[0] == 202
        await api.settled()
        assert json.dumps(nils["id"]) in json.dumps(await api.get("/v1/roster"))


async def test_a_request_that_is_no_json_object_says_how_to_send_one_and_repeats_nothing(tmp_path):
    async with installed(tmp_path) as api:

        async def told(content, kind="application/json"):
            headers = {"Authorization": "Bearer sk_maja", "Content-Type": kind}
            answer = await api.client.post("/v1/commands", content=content, headers=headers)
            assert answer.status_code == 422
            return answer.json()["detail"]

        assert await told(b"{") == "body: is no JSON, at character 1"
        assert "sent with Content-Type: application/json" in await told(b'{"command": "claim"}', "text/plain")
        assert "did you mean `assign`" in (said := await told(b'{"command": "asign"}'))
        assert "asign" not in said


async def test_what_became_of_a_signal_is_told_by_its_id(tmp_path, capsys):
    async with installed(tmp_path) as api:
        (form,) = (await api.form(email="anna@acme.example", form_id="demo"))["signals"]
        asked = {"command": "approve", "hash": NEW, "side": "sales", "reason": "as agreed"}
        answer = await api.client.post("/v1/commands", json=asked, headers={"Authorization": "Bearer sk_maja"})
        command = answer.json()["signal"]
        await api.settled()
        (judged,) = (await api.get(f"/v1/signals/{form}"))["history"]
        lead = (await api.get("/v1/leads"))["leads"][0]["id"]
        assert (judged["lead"], judged["outcome"]) == (lead, "changed")
        assert judged["personal"] is not None
        assert (await api.get(f"/v1/signals/{form}", key="leads:read"))["history"][0]["personal"] is None
        (carried,) = (await api.get(f"/v1/signals/{command}"))["history"]
        assert (carried["lead"], carried["note"]) == (None, f"maja approves {NEW[:12]} for sales")
        assert (await api.get("/v1/signals/sig_none", status=404))["detail"] == "no such signal was judged yet"
        config = tmp_path / "config"
        (config / ".env").write_text(
            f"STAFETT_DATABASE_URL=sqlite:///{tmp_path}/s.db\nSTAFETT_DEPLOYMENT_KEY={'k' * 64}\n"
        )
        capsys.readouterr()
        said = ["explain", "signal", "--config", str(config)]
        assert await asyncio.to_thread(main, [*said, form]) == 0
        assert f"{lead}\n" in (told := capsys.readouterr().out) and "form.submitted: changed" in told
        assert await asyncio.to_thread(main, [*said, command, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["note"] == carried["note"]
        assert await asyncio.to_thread(main, [*said, "sig_none"]) == 1
