"""What later signals of a batch move is not seen by earlier ones that are decided again, and what waits is not forgotten."""

from unittest.mock import patch

from schemas.signals import IdentityKey, Kind, Person
from services.ports.rows import Record
from services.ports.signal_records import decode, record_of
from services.router.deciding import one_lead
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.shared_state import SharedState
from services.router.deciding.snapshot import Snapshot
from tests.memory import Memory
from tests.setups import ruling, signal

RULES = ruling()
PERSON_77 = IdentityKey(kind="person", digest="p77")
KEY_77 = ("default", "person", "p77")


def incoming(*signals):
    return [decode(Record("t", 0, at, b"k", record_of(item, "t").value)) for at, item in enumerate(signals)]


def decide(memory, *signals, waiting=()):
    shared = SharedState(memory.accounts, memory.ledgers, memory.opens())
    snapshot = Snapshot(
        memory.links, memory.leads, shared, waiting=waiting, links_of=memory.links, withdrawals=memory.withdrawals
    )
    decider = BatchDecider(snapshot, RULES, memory.at, 0)
    decider.decide(incoming(*signals))
    return decider


def signal_naming(number, lead, *identities, kind="form.submitted", proof="none", **more):
    item = signal(number, kind, lead, **more)
    return item.but(identities=(*item.identities, *identities), proof=proof)


def lead_of(decider, name):
    (found,) = [lead for lead in decider.result.all.leads.values() if lead.partition_key == f"key-{name}"]
    return found


def test_a_signal_after_one_that_depends_on_shared_rows_and_links_what_it_read_depends_on_them_too():
    """A form from Mia's address about Dan's deal is Dan's, and is handed over by turns; then Mia becomes a lead of her own."""
    memory = Memory(RULES)
    deal = IdentityKey(kind="deal", digest="d1")
    memory.give(signal_naming(0, "dan", deal, kind="page.visited", proof="signed"))
    (dan,) = memory.leads
    decider = decide(
        memory, signal_naming(1, "mia", deal, form_id="demo"), signal_naming(2, "mia", kind="page.visited")
    )
    assert ("default", "email", "digest-mia") not in decider.result.independent.links
    again = decider.redecide({}, {}, memory.opens())
    whose = {row.signal_id: row.lead_id for row in again.result.all.history}
    assert whose == {row.signal_id: row.lead_id for row in decider.result.all.history}
    assert whose["sig_1"] == dan != whose["sig_2"]


def test_what_signals_before_a_dependent_one_link_stays_independent():
    memory = Memory(RULES)
    visit = signal_naming(1, "eva", PERSON_77, kind="page.visited", proof="signed")
    decider = decide(memory, visit, signal_naming(2, "mia", form_id="demo"))
    assert KEY_77 in decider.result.independent.links


def test_a_batch_leaves_the_identities_that_it_moved_for_the_one_after_it():
    """Bo's unproven id is claimed by Mia, whom somebody proven names by it."""
    memory = Memory(RULES)
    first = signal_naming(1, "bo", PERSON_77, form_id="news")
    decider = decide(memory, first, signal_naming(2, "mia", PERSON_77, form_id="news", proof="signed"))
    assert decider.next_batch_must_wait
    assert decider.overlay().links[KEY_77] == lead_of(decider, "mia").id


def test_a_merge_moves_no_identity_that_another_lead_claimed_in_the_same_batch():
    memory = Memory(RULES)
    memory.give(signal_naming(0, "anna", form_id="news"))
    (anna,) = memory.leads
    first = signal_naming(1, "bo", PERSON_77, form_id="news")
    claim = signal_naming(2, "mia", PERSON_77, form_id="news", proof="signed")
    bo = lead_of(decide(memory, first, claim), "bo").id
    merge = signal(3, Kind.LEAD_MERGE).but(identities=(), lead_id=anna, other_lead_id=bo, person=Person())
    snapshot_leads = memory.leads
    decider = decide(memory, first, claim, merge)
    assert memory.leads is snapshot_leads
    assert decider.overlay().links[KEY_77] == lead_of(decider, "mia").id


def test_a_redrive_takes_the_letters_that_the_same_batch_made():
    """A signal queues behind its lead's dead letter; the redrive that comes next in the same batch has it, too."""
    memory = Memory(RULES)
    memory.give(signal_naming(0, "anna", form_id="news"))
    (anna,) = memory.leads
    real = one_lead.decide

    def fail(lead, item, context):
        if item.id == "sig_1" and item.attempt == 0:
            raise ZeroDivisionError
        return real(lead, item, context)

    redrive = signal(3, Kind.LEAD_REDRIVE).but(identities=(), lead_id=anna, person=Person())
    with patch.object(one_lead, "decide", fail):
        decider = decide(
            memory, signal_naming(1, "anna", form_id="news"), signal_naming(2, "anna", form_id="news"), redrive
        )
    letters = decider.writes()
    assert [letter.signal_id for letter in letters.dead_letters] == ["sig_1", "sig_2"]
    assert set(letters.redriven) == {letter.id for letter in letters.dead_letters}
    assert not lead_of(decider, "anna").held
