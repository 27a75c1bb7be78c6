"""Secrets as the store keeps them."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.subscriptions import SubscriptionTerms
from services.delivery.sealing import KeptSecret, Seal, Unsealable, new_secret, valid_secrets
from services.delivery.stored import StoredSubscribers
from services.outbound.signing import key_of
from services.ports.subscriptions import SubscriptionRow

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SEAL = Seal(b"k" * 32)
KEPT = (KeptSecret("whsec_new"), KeptSecret("whsec_old", NOW + timedelta(hours=1)))


def test_what_is_sealed_opens_with_the_same_key_for_the_same_name_alone():
    sealed = SEAL.close("crm", KEPT)
    assert SEAL.open("crm", sealed) == KEPT
    assert b"whsec" not in sealed and SEAL.close("crm", KEPT) != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for seal, name, text in [
        (SEAL, "ops", sealed),
        (Seal(b"j" * 32), "crm", sealed),
        (SEAL, "crm", changed),
        (SEAL, "crm", b""),
    ]:
        with pytest.raises(Unsealable):
            seal.open(name, text)


def test_the_newest_signs_first_and_an_old_one_until_its_time_is_over():
    assert valid_secrets(KEPT, NOW) == ("whsec_new", "whsec_old")
    assert valid_secrets(KEPT, NOW + timedelta(hours=1)) == ("whsec_new",)


def test_a_new_secret_is_one_that_signs():
    assert len(key_of(new_secret())) == 32 and new_secret() != new_secret()


class Rows:
    def __init__(self, *rows):
        self.rows = list(rows)

    async def all(self):
        return self.rows


def row(name, revision=1, seal=SEAL, body=None):
    terms = SubscriptionTerms(name=name, url="https://crm.example.com/", events=("sla",))
    return SubscriptionRow(name, revision, body or terms.model_dump_json(), seal.close(name, KEPT), "ops", NOW, NOW)


async def test_one_that_cannot_be_read_is_told_of_once_and_the_others_go_on(caplog):
    at = [NOW]
    later_version = '{"name": "later", "url": "https://x.example.com/", "events": ["sla"], "unheard_of": 1}'
    rows = Rows(row("crm"), row("foreign", seal=Seal(b"j" * 32)), row("later", body=later_version))
    stored = StoredSubscribers(rows, SEAL, lambda: at[0])
    for secrets in (("whsec_new", "whsec_old"), ("whsec_new",)):
        (subscriber,) = await stored()
        assert (subscriber.subscription.name, subscriber.secrets, subscriber.is_stored) == ("crm", secrets, True)
        at[0] += timedelta(hours=1)
    assert caplog.text.count("a subscription cannot be read") == 2


async def test_a_row_that_changed_is_read_again():
    rows = Rows(row("crm"))
    stored = StoredSubscribers(rows, SEAL, lambda: NOW)
    await stored()
    terms = SubscriptionTerms(name="crm", url="https://new.example.com/", events=("sla",), rate="10/s")
    rows.rows = [row("crm", 2, body=terms.model_dump_json())]
    (subscriber,) = await stored()
    assert subscriber.subscription == terms
