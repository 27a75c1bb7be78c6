"""What is published is what is sent: signals, events and answers of a run fit the exported schemas; so do the files."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from sqlalchemy import text

from schemas.events import EVENT_TYPES, TOPICS
from schemas.export import names, schema
from services.cli.main import main
from tests.api import bearer, installed
from tests.e2e.test_setups import whole_story
from tests.setups import EXAMPLES, setup

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
FILES = ("agreement", "roster", "sources", "subscriptions", "sinks", "api_keys")
VALIDATORS = {}


class Yaml12(yaml.SafeLoader):
    """As an editor reads it: dates, times and NO are text, true and 12 are not."""

    yaml_implicit_resolvers = {}


Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
Yaml12.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
Yaml12.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?\d+$"), list("-0123456789"))
Yaml12.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?\d+\.\d+$"), list("-0123456789"))


def fits(value, name):
    if name not in VALIDATORS:
        VALIDATORS[name] = Draft202012Validator(schema(name), format_checker=FormatChecker())
    VALIDATORS[name].validate(value)


def event_fits(event):
    fits(event, "envelope")
    assert event["dataschema"] == schema(event["type"])["$id"]
    fits(event["data"], event["type"])


@pytest.mark.parametrize("name", [name for name in names() if name != "asyncapi"])
def test_each_schema_is_one_and_has_a_name_of_its_own(name):
    made = schema(name)
    Draft202012Validator.check_schema(made)
    assert made["$id"] == f"urn:stafett:schema:{name}"


@pytest.mark.parametrize("name", FILES)
def test_the_example_files_fit_their_schema_and_a_misspelt_key_does_not(name):
    typed = yaml.load((EXAMPLES / f"{name}.yaml").read_text(), Loader=Yaml12)
    fits(typed, name)
    with pytest.raises(Exception, match="misspelt"):
        fits({**typed, "misspelt": 1}, name)


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.parent.glob("*/*.json")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_golden_events_fit_the_schemas_of_now(path):
    event_fits(json.loads(path.read_text()))


async def test_signals_and_events_of_a_run_fit(request, tmp_path):
    async with setup("sqlite-embedded", request, tmp_path) as running:
        await whole_story(running)
        events = [json.loads(event) for event in await running.events()]
        for event in events:
            event_fits(event)
        async with running.store.engines.read() as conn:
            records = (await conn.execute(text("SELECT body FROM log_records"))).all()
        for (record,) in records:
            fits(json.loads(record), "signal")
    assert len(records) >= 9 and len({event["type"] for event in events}) >= 15


BODY_OF = {
    "/v1/leads": "LeadPage", "/v1/leads/{id}": "LeadView", "/v1/leads/{id}/history": "HistoryPage",
    "/v1/leads/{id}/explain": "Explanation", "/v1/clocks": "ClockPage", "/v1/events": "FeedPage",
    "/v1/snapshot": "Snapshot", "/v1/quarantine": "QuarantinePage", "/v1/quarantine/{quarantined}": "QuarantineDetail",
    "/v1/dead-letters": "DeadLetterPage", "/v1/status": "Status", "/v1/lifecycle": "Lifecycle", "/healthz": "Health",
    "/readyz": "Readiness",
}  # fmt: skip


@pytest.mark.parametrize("key", ["all", "facts"])
async def test_answers_of_a_run_fit(tmp_path, key):
    async with installed(tmp_path) as api:
        accepted = await api.form(email="anna@example.com", name="Anna Ek", form_id="demo", utm_campaign="spring")
        fits(accepted, "http.Accepted")
        await api.settled()
        (lead,) = (await api.get("/v1/leads"))["leads"]
        for number, fact in enumerate(("accepted", "follow_up", "email.opened", "won")):
            await api.fact(fact=fact, email="anna@example.com", id=str(number), actor={"kind": "person"})
        aside = await api.client.post(
            "/v1/hooks/cloud", content=b"[1, {}]", headers={"content-type": "application/json"}
        )
        fits(aside.json(), "http.Accepted")
        await api.settled()
        ids = {"id": lead["id"], "quarantined": aside.json()["quarantined"][0]}
        for path, body in BODY_OF.items():
            said = await api.get(path.format(**ids), key)
            fits(said, f"http.{body}")
            assert not isinstance(said.get("leads", said.get("clocks", said.get("events", 1))), list) or any(
                said[name] for name in ("leads", "clocks", "events") if name in said
            ), f"{path} shows something"
        for entry in (await api.get("/v1/events", key, limit=500))["events"]:
            event_fits(entry["event"])
        for path in ("/v1/leads?limit=x", "/v1/leads/none", "/nothing"):
            answer = await api.client.get(path, headers=bearer(key))
            fits(answer.json(), "http.Problem")


# --- the command ------------------------------------------------------------------------------------------------------
def test_the_command_prints_one_lists_all_and_writes_all(tmp_path, capsys):
    assert main(["schema"]) == 0
    listed = capsys.readouterr().out.split()
    assert {"signal", "agreement", "envelope", "openapi", "asyncapi", "http.LeadView", *EVENT_TYPES} <= set(listed)
    assert main(["schema", "stafett.sla.breached.v1"]) == 0
    assert json.loads(capsys.readouterr().out) == schema("stafett.sla.breached.v1")
    assert main(["schema", "--all", str(tmp_path / "out")]) == 0
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(listed)
    assert main(["schema", "nothing"]) == 2


# --- AsyncAPI ---------------------------------------------------------------------------------------------------------
def test_the_asyncapi_document_names_every_topic_and_event_and_its_messages_take_the_golden_events():
    document = schema("asyncapi")
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == {*TOPICS, "signals"}
    listed = [name for topic in TOPICS for name in document["channels"][topic]["messages"]]
    assert sorted(listed) == sorted(EVENT_TYPES)
    for name in EVENT_TYPES:
        event = json.loads((GOLDEN / f"{name}.json").read_text())
        payload = document["components"]["messages"][name]["payload"]
        taker = Draft202012Validator({**payload, "components": document["components"]})
        taker.validate(event)
        assert not taker.is_valid({**event, "type": "stafett.other.v1"})


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    document = schema("asyncapi")

    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                here = document
                for step in value["$ref"].removeprefix("#/").split("/"):
                    here = here[step]
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)
