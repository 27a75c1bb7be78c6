"""A short run of the model; `python -m tests.property.model` is the long one."""

from tests.property.model import main


def test_random_lives_under_changing_agreements_and_absences_keep_every_invariant():
    seen = main(4000, 23, lambda _: None)
    met = (
        "row won", "row handed_back", "sla.breached", "sla.corrected", "sla.cancelled", "the agreement changed", "doubled",
        "late", "merge", "merge refused", "unmerge", "waits in a queue", "handover.blocked", "lead.escalated", "lead.parked",
        "roster: join", "roster: leave", "roster: absence", "roster: return", "roster: pause_pool", "a turn of field",
        "a turn of sdr", "suppression.violated",
    )  # fmt: skip
    assert not [name for name in met if not seen[name]], "the run came by all that it is about"
