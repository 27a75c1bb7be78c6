"""A subscriptions file that could not work is refused at the start, with file, line and rule."""

import pytest
from pydantic import ValidationError

from schemas.subscriptions import Subscription
from schemas.yamlfile import FileError
from services.bootstrap.subscribers import subscribers_of
from services.settings import load

FILE = """\
version: 1
subscriptions:
  - name: crm
    url: {url}
    events: [sla]
    secrets:
      - STAFETT_SECRET_GOOD
      - STAFETT_SECRET_HOOK
"""


def read(tmp_path, secret="whsec_c2VjcmV0c2VjcmV0c2VjcmV0", url="https://crm.example.com/hook"):
    (tmp_path / "subscriptions.yaml").write_text(FILE.format(url=url))
    secrets = {"STAFETT_SECRET_GOOD": "whsec_c2VjcmV0c2VjcmV0c2VjcmV0", "STAFETT_SECRET_HOOK": secret}
    return subscribers_of(load({"STAFETT_CONFIG_FOLDER": str(tmp_path), **secrets}))


def test_a_sound_file_gives_subscribers_with_their_secrets(tmp_path):
    (subscriber,) = read(tmp_path)
    assert subscriber.secrets == ("whsec_c2VjcmV0c2VjcmV0c2VjcmV0",) * 2
    assert subscribers_of(load({"STAFETT_CONFIG_FOLDER": str(tmp_path / "none")})) == []


def subscribed(*events):
    secrets = ("STAFETT_SECRET_HOOK",)
    return Subscription(name="crm", url="https://crm.example.com/hook", events=events, secrets=secrets)


def test_what_no_event_fits_is_refused_for_it_would_wait_for_ever():
    assert subscribed("sla", "stafett.handover.*", "stafett.lead.held.v1", "*").wants("sla", "stafett.sla.warned.v1")
    with pytest.raises(ValidationError, match=r"`lead` fits no topic .* did you mean `leads`"):
        subscribed("lead")
    with pytest.raises(ValidationError, match=r"`stafett\.handovr\.\*` fits no topic"):
        subscribed("stafett.handover.*", "stafett.handovr.*")


@pytest.mark.parametrize("secret", ["whsec_no base64!", "abc", "whsec_"])
def test_a_secret_that_is_no_base64_is_named_and_never_shown(tmp_path, secret):
    with pytest.raises(FileError) as caught:
        read(tmp_path, secret)
    (said,) = caught.value.problems
    assert said.startswith(
        f"{tmp_path}/subscriptions.yaml:8: subscriptions.0.secrets.1: STAFETT_SECRET_HOOK is no base64"
    )
    assert "no base64!" not in said


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://crm.example.com:99999/", "Port out of range"),
        ("https://crm.example.com:0/", "from 1 to 65535"),
        (f"https://{'a' * 64}.example.com/", "no name server"),
        ("https://[::1/", "Invalid IPv6 URL"),
    ],
)
def test_a_url_that_cannot_be_called_is_refused(tmp_path, url, rule):
    with pytest.raises(FileError) as caught:
        read(tmp_path, url=f'"{url}"')
    (said,) = caught.value.problems
    assert said.startswith(f"{tmp_path}/subscriptions.yaml:4: subscriptions.0.url: ")
    assert rule in said


@pytest.mark.parametrize(
    ("lines", "place", "rule"),
    [
        ("    rate: fast", "rate", "write how many events a second"),
        ("    rate: 0/s", "rate", "write how many events a second"),
        ("    rate: 1001/s", "rate", "1000/s at most"),
        ("    burst: 5", "", "say the rate"),
        ("    schedule: []", "schedule", "at least 1"),
        ("    schedule: [soon]", "schedule.0", "is no duration"),
        ("    breaker: {failures: 0}", "breaker.failures", "at least 1"),
        ("    breaker: {pause: 1h, longest: 1m}", "breaker", "make it at least as long"),
        ("    payload: xml", "payload", "flat"),
    ],
)
def test_what_cannot_be_kept_to_is_refused_with_its_place(tmp_path, lines, place, rule):
    with pytest.raises(FileError) as caught:
        read(tmp_path, url=f"https://crm.example.com/hook\n{lines}")
    (said,) = caught.value.problems
    assert f"subscriptions.0{'.' if place else ''}{place}: " in said and rule in said


def test_a_rate_is_read_with_a_second_of_it_as_its_burst(tmp_path):
    paces = [
        read(tmp_path, url=f"https://crm.example.com/hook\n    rate: {rate}")[0].pace
        for rate in ("10/s", "90/m", "1/h")
    ]
    assert [(pace.interval.total_seconds(), pace.burst) for pace in paces] == [(0.1, 10), (0.666667, 2), (3600, 1)]
    assert read(tmp_path)[0].pace is None
    (own,) = read(tmp_path, url="https://crm.example.com/hook\n    rate: 10/s\n    burst: 30\n    schedule: [1s, 2h]")
    assert own.pace.burst == 30 and own.subscription.schedule[1].total_seconds() == 7200
