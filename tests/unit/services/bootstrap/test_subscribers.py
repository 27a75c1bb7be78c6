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
