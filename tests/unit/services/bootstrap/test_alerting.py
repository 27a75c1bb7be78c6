"""The alerts' file with the roster and the secrets in hand, and which receivers are in trouble."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from routing.incidents.targets import TargetTrouble
from schemas.yamlfile import FileError
from services.bootstrap.alerting import alerts_of, check_people, links_of, senders_of, target_names, target_troubles
from services.ports.deliveries import State
from services.settings import SettingsError
from services.settings.reading import load
from tests.alerting import roster

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def settings(folder, text="version: 1\n", **secrets):
    (folder / "alerts.yaml").write_text(text)
    given = {f"STAFETT_SECRET_{name}": value for name, value in secrets.items()}
    return load({"STAFETT_CONFIG_FOLDER": str(folder), **given})


def channels(*entries):
    return "version: 1\nchannels:\n" + "".join(f"  - {entry}\n" for entry in entries)


def test_without_a_file_there_are_no_channels(tmp_path):
    assert alerts_of(load({"STAFETT_CONFIG_FOLDER": str(tmp_path)})).channels == ()


@pytest.mark.parametrize(
    ("entry", "secrets", "error", "words"),
    [
        ("{name: a, kind: slack, token: STAFETT_SECRET_X}", {}, SettingsError, "channel a needs it"),
        ("{name: a, kind: teams, url: STAFETT_SECRET_X}", {"X": "http://teams"}, FileError, "no https"),
        ("{name: a, kind: webhook, url: 'https://x', secrets: [STAFETT_SECRET_X]}", {"X": "whsec_!"}, FileError, "base64"),
    ],
)  # fmt: skip
def test_a_secret_that_cannot_be_used_is_said_before_anything_runs(tmp_path, entry, secrets, error, words):
    made = settings(tmp_path, channels(entry), **secrets)
    with pytest.raises(error, match=words):
        senders_of(made, alerts_of(made), httpx.AsyncClient())


def test_a_route_to_nobody_of_the_roster_is_refused_with_what_was_probably_meant(tmp_path):
    text = (
        channels("{name: a, kind: teams, url: STAFETT_SECRET_X}") + "routes:\n  - {to: [owner, elim], channels: [a]}\n"
    )
    made = settings(tmp_path, text)
    with pytest.raises(FileError, match=r"alerts\.yaml:5: routes\.0\.to\.1: `elim` is nobody .* did you mean `elin`"):
        check_people(made, alerts_of(made), roster())


def test_links_lead_to_what_the_file_says_else_to_this_installation_else_nowhere(tmp_path):
    made = settings(tmp_path)
    file = alerts_of(made)
    assert links_of(made, b"k" * 32, file, "inc_1", "elin") == (None, None, None, None)
    public = load({"STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_HTTP_PUBLIC_URL": "https://leads.example.com/"})
    links = links_of(public, b"k" * 32, file, "inc_1", "elin")
    assert links.explain == "https://leads.example.com/leads/{lead}"
    assert links.acknowledge.startswith("https://leads.example.com/alerts/inc_1.") and "elin" not in links.acknowledge


async def test_who_was_stopped_by_hand_removed_or_fails_for_short_is_no_trouble():
    states = [
        State("gone", 1, "the receiver answered 410 Gone", 3, 0),
        State("stopped", 1, "by an operator", 3, 0),
        State("removed", 1, "the receiver answered 410 Gone", 3, 0),
        State("fails", 1, None, 3, 0, failing_since=NOW - HOUR),
        State("hiccup", 1, None, 3, 0, failing_since=NOW - HOUR / 2),
        State("well", 1, None, 0, 0),
        State("made", 1, "it took nothing since Monday", 0, 0),
    ]

    async def all_states():
        return states

    async def stored():
        return [SimpleNamespace(name="made")]

    deliveries, subscriptions = SimpleNamespace(states=all_states), SimpleNamespace(all=stored)
    parts = SimpleNamespace(now=lambda: NOW, deliveries=deliveries, subscriptions=subscriptions)
    names = {"gone", "stopped", "fails", "hiccup", "well"}
    assert await target_troubles(parts, names) == [
        TargetTrouble("gone", "the receiver answered 410 Gone", None),
        TargetTrouble("fails", "it takes nothing, and is tried now and then", NOW - HOUR),
        TargetTrouble("made", "it took nothing since Monday", None),
    ]


def test_receivers_are_those_of_both_files(tmp_path):
    (tmp_path / "subscriptions.yaml").write_text(
        "version: 1\nsubscriptions:\n  - {name: crm, url: 'https://x', events: [sla], secrets: [STAFETT_SECRET_X]}\n"
    )
    assert target_names(settings(tmp_path)) == {"crm"}
