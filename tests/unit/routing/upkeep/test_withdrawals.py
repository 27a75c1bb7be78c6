"""What somebody withdrew before anybody knew them waits for them, and holds once they are a lead."""

from datetime import timedelta
from itertools import permutations

import pytest

from schemas.signals import Asserted, Consent, IdentityKey, Person, Sales
from tests.memory import Memory
from tests.setups import START, ruling, signal

DAY = timedelta(days=1)
NUMBER = IdentityKey(kind="like_phone", digest="number", verified=False)
RECORD = IdentityKey(kind="person", digest="record")


def annas_signal(number, kind, days=0, *, only=(), also=(), **more):
    """Anna's signal `number`, so many days after the start; `only` in place of her address, or `also` beside it."""
    made = signal(number, kind, at=START + days * DAY, **more)
    return made.but(identities=tuple(only) or (*made.identities, *also))


def withdrawal(purpose="email", days=0):
    return (Consent(purpose=purpose, state="withdrawn", at=START + days * DAY),)


def consent(purpose="email", days=0):
    return (Consent(purpose=purpose, state="given", at=START + days * DAY),)


def consents(memory, who=0):
    return memory.lead(sorted(memory.leads)[who]).consents


@pytest.mark.parametrize(
    "opt_out",
    [
        annas_signal(1, "consent.withdrawn"),
        annas_signal(1, "list.unsubscribed"),
        annas_signal(1, "consent.withdrawn", consents=withdrawal()),
        annas_signal(1, "unclassified", consents=withdrawal()),
        annas_signal(1, "email.replied", automated=True, consents=withdrawal()),
        annas_signal(1, "list.unsubscribed", mode="observe"),
    ],
    ids=lambda one: f"{one.kind}-{one.mode}",
)
@pytest.mark.parametrize("mode", ["live", "import"])
def test_a_withdrawal_of_somebody_unknown_makes_no_lead_and_holds_when_the_lead_appears(opt_out, mode):
    memory = Memory(ruling()).give(opt_out)
    assert not memory.leads
    assert (memory.history[0].fate, memory.history[0].reason) == ("no_lead", "waits_for_them")
    memory.give(annas_signal(2, "form.submitted" if mode == "live" else "prospect.listed", 1, mode=mode))
    assert consents(memory) == {"email": "withdrawn"}
    (started,) = memory.said("suppression.started")
    assert started["reason"] == "consent_withdrawn"
    assert not memory.withdrawals and "waiting/" not in memory.links.values()


def test_both_in_one_batch_come_to_the_same():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed"), annas_signal(2, "form.submitted", 1))
    assert consents(memory) == {"email": "withdrawn"}
    assert not memory.withdrawals and "waiting/" not in memory.links.values()


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_an_older_consent_changes_nothing_in_whichever_order_they_arrive(order):
    told = [
        annas_signal(1, "list.unsubscribed", 2),
        annas_signal(2, "form.submitted", 1, consents=consent(days=1)),
        annas_signal(3, "form.submitted", 3),
    ]
    memory = Memory(ruling())
    for at in order:
        memory.give(told[at].but(received_at=START + 9 * DAY))
    assert consents(memory) == {"email": "withdrawn"}


def test_a_newer_consent_counts_with_the_lead_or_after_it():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed"))
    memory.give(annas_signal(2, "form.submitted", 1, consents=consent(days=1)))
    assert consents(memory) == {"email": "given"}
    assert not memory.said("suppression.started")
    later = Memory(ruling()).give(annas_signal(1, "list.unsubscribed"), annas_signal(2, "form.submitted", 1))
    later.give(annas_signal(3, "consent.given", 2))
    assert consents(later) == {"email": "given"}


def test_a_newer_consent_of_somebody_who_proves_nothing_changes_nothing():
    memory = Memory(ruling()).give(
        annas_signal(1, "list.unsubscribed"), annas_signal(2, "consent.given", 1, proof="none")
    )
    assert memory.withdrawals
    memory.give(annas_signal(3, "form.submitted", 2, consents=consent(days=2), proof="none"))
    assert consents(memory) == {"email": "withdrawn"}
    assert len(memory.said("suppression.started")) == 1 and not memory.said("suppression.released")


def test_a_withdrawal_is_believed_from_anybody():
    memory = Memory(ruling()).give(
        annas_signal(1, "list.unsubscribed", proof="none"), annas_signal(2, "form.submitted", 1)
    )
    assert consents(memory) == {"email": "withdrawn"}


def test_a_newer_consent_of_somebody_unknown_ends_the_wait_and_an_older_one_does_not():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed", 2))
    memory.give(annas_signal(2, "consent.given", 1).but(received_at=START + 3 * DAY))
    assert memory.withdrawals
    memory.give(annas_signal(3, "consent.given", 4))
    assert not memory.withdrawals and "waiting/" not in memory.links.values()
    assert memory.history[-1].reason == "nobody_known"
    memory.give(annas_signal(4, "form.submitted", 5))
    assert consents(memory) == {}


def test_who_withdraws_again_after_that_waits_again():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed", 1), annas_signal(2, "consent.given", 2))
    memory.give(annas_signal(3, "list.unsubscribed", 3))
    memory.give(annas_signal(4, "form.submitted", 4))
    assert consents(memory) == {"email": "withdrawn"}


def test_each_purpose_waits_with_its_own_instant():
    memory = Memory(ruling()).give(annas_signal(1, "consent.withdrawn", 2, consents=withdrawal("newsletter", 2)))
    memory.give(annas_signal(2, "consent.withdrawn", 3, consents=withdrawal("calls", 3)))
    memory.give(annas_signal(3, "form.submitted", 4, consents=consent("newsletter", 4)))
    assert consents(memory) == {"newsletter": "given", "calls": "withdrawn"}


def test_a_sender_who_names_many_purposes_fills_no_more_than_a_few_and_the_mail_stops_all_the_same():
    many = tuple(Consent(purpose=f"p{n}", state="withdrawn", at=START) for n in range(40))
    memory = Memory(ruling()).give(annas_signal(1, "consent.withdrawn", consents=many))
    memory.give(annas_signal(2, "form.submitted", 1))
    assert consents(memory)["email"] == "withdrawn" and len(consents(memory)) <= 17


def test_it_waits_by_an_id_and_by_an_address_whichever_the_lead_appears_with():
    told = annas_signal(1, "list.unsubscribed", also=[RECORD])
    by_id = annas_signal(2, "form.submitted", 1, only=[RECORD])
    assert consents(Memory(ruling()).give(told).give(by_id)) == {"email": "withdrawn"}
    by_address = Memory(ruling()).give(told).give(annas_signal(2, "form.submitted", 1))
    assert consents(by_address) == {"email": "withdrawn"}
    assert len(by_address.withdrawals) == 1, "the id is nobody's still"


def test_a_known_lead_that_turns_out_to_have_the_address_is_told():
    memory = Memory(ruling()).give(annas_signal(1, "form.submitted", only=[RECORD]))
    memory.give(annas_signal(2, "list.unsubscribed", 1))
    memory.give(annas_signal(3, "form.submitted", 2, also=[RECORD]))
    assert len(memory.leads) == 1 and consents(memory) == {"email": "withdrawn"}


def test_by_a_number_alone_it_waits_for_the_number():
    memory = Memory(ruling()).give(annas_signal(1, "consent.withdrawn", only=[NUMBER], consents=withdrawal("sms")))
    memory.give(annas_signal(2, "form.submitted", 1, also=[NUMBER]))
    assert consents(memory) == {"sms": "withdrawn"}


def test_an_address_with_a_number_says_nothing_of_the_others_who_have_that_number():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed", also=[NUMBER]))
    other = signal(2, "form.submitted", lead="bo", at=START + DAY)
    memory.give(other.but(identities=(*other.identities, NUMBER)))
    assert consents(memory) == {}
    memory.give(annas_signal(3, "form.submitted", 2))
    assert sorted(map(str, (consents(memory, 0), consents(memory, 1)))) == ["{'email': 'withdrawn'}", "{}"]


def test_it_waits_within_its_brand():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed", brand="nord"))
    memory.give(annas_signal(2, "form.submitted", 1))
    assert consents(memory) == {} and memory.withdrawals


def test_who_wants_no_contact_at_all_is_left_alone_once_they_are_a_lead():
    memory = Memory(ruling()).give(annas_signal(1, "disposition.set", sales=Sales(to="do_not_contact")))
    assert memory.history[0].reason == "waits_for_them"
    memory.give(annas_signal(2, "form.submitted", 1))
    lead = memory.lead(next(iter(memory.leads)))
    assert (lead.disposition, lead.disposition_at, lead.suppressed) == ("do_not_contact", START, "do_not_contact")


def test_a_later_word_that_they_may_be_contacted_again_ends_that():
    memory = Memory(ruling()).give(annas_signal(1, "disposition.set", sales=Sales(to="do_not_contact")))
    memory.give(annas_signal(2, "disposition.set", 1, sales=Sales(to="active")))
    memory.give(annas_signal(3, "form.submitted", 2))
    assert memory.lead(next(iter(memory.leads))).disposition == "active"


def test_an_import_that_says_active_is_no_newer_than_what_waits():
    memory = Memory(ruling()).give(annas_signal(1, "disposition.set", 2, sales=Sales(to="do_not_contact")))
    row = annas_signal(2, "prospect.listed", 1, mode="import", asserted=Asserted(disposition="active"))
    memory.give(row.but(received_at=START + 3 * DAY))
    assert memory.lead(next(iter(memory.leads))).disposition == "do_not_contact"


def test_a_test_delivery_leaves_nothing_waiting():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed", mode="test"))
    assert not memory.withdrawals and not memory.links


def test_what_waited_is_kept_with_the_decision():
    memory = Memory(ruling()).give(annas_signal(1, "list.unsubscribed")).give(annas_signal(2, "form.submitted", 1))
    there = '[{"kind":"email","digest":"digest-anna","purposes":{"email":"2026-11-24T09:00:00+00:00"}}]'
    assert f'"waits":{there}' in memory.history[0].decision
    assert f'"waited":{there}' in memory.history[1].decision


def test_who_withdrew_nothing_has_nothing_waiting():
    memory = Memory(ruling()).give(annas_signal(1, "sales.won"), annas_signal(2, "unclassified", person=Person()))
    assert not memory.withdrawals and not memory.links
