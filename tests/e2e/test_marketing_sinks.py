"""A marketing sink as who runs it meets it: `stafett sink ...`, and mail that stops and goes on, against a stand-in for Mautic on a socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from services.bootstrap.running import BACKGROUND
from services.cli.main import main
from tests.api import installed
from tests.parts.vendors.faults import COMMIT_THEN_DROP, UNAVAILABLE
from tests.parts.vendors.mautic import Contact, MauticApi
from tests.parts.vendors.server import serve

SECRET = {"STAFETT_SECRET_MAUTIC": "secret"}
SINK = """\
version: 1
marketing:
  - name: mail
    kind: mautic
    mode: {mode}
    base_url: {url}
    allow_private: true
    login: stafett
    secret: STAFETT_SECRET_MAUTIC
    suppression: {{segment: "12", exempt: {{newsletter: {{tag: news}}}}}}
    tracks: {{warm_up: {{segment: "13"}}, recycle: {{automation: "4"}}}}
    programmes: {{wrong-timing: {{tag: timing}}}}
"""


@pytest.fixture
def mautic():
    api = MauticApi(
        contacts={"7": Contact("anna@anna.example")},
        segments={ident: {"id": int(ident), "filters": []} for ident in ("12", "13")},
        campaigns={"4": {"id": 4, "isPublished": True, "allowRestart": True}},
    )
    with serve(api) as url:
        api.url = url
        yield api
    assert api.violations == []


@asynccontextmanager
async def running(folder, mautic, mode="live"):
    """An installation with the sink; `deliver` begins writing."""
    files = {"sinks.yaml": SINK.format(url=mautic.url, mode=mode)}
    async with installed(folder, files=files, secrets=SECRET) as api:
        api.folder, stop = folder / "config", asyncio.Event()
        tasks = []

        async def deliver():
            tasks.append(asyncio.create_task(BACKGROUND["delivery"](api.parts)(stop)))
            await until(lambda: api.parts.deliveries.states())

        api.deliver = deliver
        yield api
        stop.set()
        await asyncio.gather(*tasks)


async def until(ask):
    async with asyncio.timeout(20):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


async def offered(api):
    """Anna, who is offered to sales, so that marketing's mail to her has to stop."""
    await api.form(email="anna@anna.example", name="Anna Ek", company="Anna AB", form_id="demo")
    await api.settled()
    (lead,) = (await api.get("/v1/leads", email="anna@anna.example"))["leads"]
    return lead


async def done(api, lead, step):
    async def is_done():
        steps = await api.parts.sinks.list_steps("sink/mail", lead_id=lead["id"])
        return any(one.name == step and one.state == "done" for one in steps)

    await until(is_done)


@pytest.fixture
def call(capsys):
    async def called(api, *words):
        capsys.readouterr()
        status = await asyncio.to_thread(main, ["sink", *words, "--config", str(api.folder)])
        shown = capsys.readouterr()
        return status, shown.out.splitlines(), shown.err.splitlines()

    return called


async def test_mail_stops_with_the_offer_whatever_the_platform_answers(tmp_path, mautic):
    mautic.plan.once(UNAVAILABLE, "find")
    mautic.plan.once(COMMIT_THEN_DROP, "add to segment")
    async with running(tmp_path, mautic) as api:
        await api.deliver()
        lead = await offered(api)
        await done(api, lead, "enter segment/12")
    assert mautic.contacts["7"].lists == {"12"}


async def test_check_tells_what_cannot_work_and_then_that_nothing_is_wrong(tmp_path, mautic, call):
    async with running(tmp_path, mautic) as api:
        mautic.campaigns["4"]["isPublished"] = False
        right = (api.folder / "sinks.yaml").read_text()
        (api.folder / "sinks.yaml").write_text(
            right.replace("wrong-timing", "wrong-timming").replace("warm_up", "warmup")
        )
        status, told, _ = await call(api, "check", "mail")
        assert status == 1 and told[0] == 'we write as: user: "stafett"'
        for problem in (
            "automation 4: the campaign is not published",
            "programmes: `wrong-timming` is none of the agreement; did you mean `wrong-timing`?",
            "tracks: `warmup` is none of the agreement; did you mean `warm_up`?",
        ):
            assert problem in told
        mautic.campaigns["4"]["isPublished"] = True
        (api.folder / "sinks.yaml").write_text(right)
        status, told, _ = await call(api, "check", "mail")
        assert (status, told[-1]) == (0, "mail: nothing is wrong"), told


async def test_a_plan_shows_each_request_and_sends_none(tmp_path, mautic, call):
    async with running(tmp_path, mautic, mode="check") as api:
        lead = await offered(api)
        (api.folder / "sinks.yaml").write_text(SINK.format(url=mautic.url, mode="dry_run"))
        status, told, _ = await call(api, "plan", "mail", lead["id"])
        shown = "\n".join(told)
        assert status == 0 and told[0].startswith("stafett.suppression.started.v1 evt_"), shown
        assert "enter segment/12: would send" in told and "POST /api/segments/12/contact/7/add" in shown
        assert mautic.contacts["7"].lists == set() and "secret" not in shown
        asked = len(mautic.log)
        status, told, _ = await call(api, "plan", "mail", lead["id"], "--offline")
        assert status == 0 and "enter segment/12: would send" in told and len(mautic.log) == asked


async def test_a_dry_run_keeps_what_it_would_have_sent(tmp_path, mautic):
    async with running(tmp_path, mautic, mode="dry_run") as api:
        await api.deliver()
        lead = await offered(api)

        async def planned():
            steps = await api.parts.sinks.list_steps("sink/mail", lead_id=lead["id"])
            return [step for step in steps if step.state == "planned"]

        steps = await until(planned)
    assert "POST /api/segments/12/contact/7/add" in steps[0].request and mautic.contacts["7"].lists == set()


async def test_it_is_listed_paused_and_forgotten_like_a_crm_and_adopts_nothing(tmp_path, mautic, call):
    async with running(tmp_path, mautic) as api:
        await api.deliver()
        lead = await offered(api)
        await done(api, lead, "enter segment/12")
        (entry,) = map(json.loads, (await call(api, "list"))[1])
        assert (entry["name"], entry["kind"], entry["mode"]) == ("mail", "mautic", "live")
        records = {r["kind"]: r for r in map(json.loads, (await call(api, "records", "mail"))[1])}
        assert records["membership"]["key"] == "segment/12@7" and records["contact"]["vendor_id"] == "7"
        assert (await call(api, "pause", "mail"))[:2] == (0, ["mail: paused"])
        assert (await call(api, "resume", "mail"))[0] == 0
        assert (await call(api, "adopt", "mail", "contact", lead["id"], "7", "--lead", lead["id"]))[0] == 1
        assert (await call(api, "forget", "mail", "membership", "segment/12@7"))[0] == 0
        assert [row["name"] for row in (await api.get("/v1/sinks"))["sinks"]] == ["mail"]
