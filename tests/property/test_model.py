"""A short run of the model; `python -m tests.property.model` is the long one."""

from tests.property.model import main


def test_random_lives_under_changing_agreements_and_absences_keep_every_invariant():
    seen = main(3000, 7, lambda _: None)
    met = (
        "row won",
        "row handed_back",
        "sla.breached",
        "sla.corrected",
        "the agreement changed",
        "the roster changed",
        "doubled",
        "merge",
        "merge refused",
        "unmerge",
    )
    assert not [name for name in met if not seen[name]], "the run came by all that it is about"
