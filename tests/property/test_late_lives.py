"""However late sales is heard, exactly those promises are broken that an oracle finds by walking through every minute."""

from collections import Counter

import pytest

from tests.property.late_lives import Life, oracle, timing

LIVES = 20


@pytest.mark.parametrize("batch", range(10))
def test_late_answers_and_steps_give_exactly_the_breaches_that_a_walk_through_every_minute_gives(batch):
    for seed in range(batch * LIVES, (batch + 1) * LIVES):
        life = Life(seed).run()
        right = oracle(life)
        assert life.broken_clocks() == right, f"seed {seed}"
        assert life.standing_breaches() == right, f"seed {seed}"


def test_the_lives_are_late_and_break_promises_of_every_kind():
    met = Counter()
    for seed in range(4 * LIVES):
        life = Life(seed).run()
        met.update(policy for policy, _ in oracle(life))
        met["late"] += timing(life)[0]
        met.update(data.type_name.removeprefix("stafett.").removesuffix(".v1") for data in life.told.said)
    for what in ("answer", "step", "waits", "late", "sla.corrected", "handover.accepted_late", "handover.rejected"):
        assert met[what] >= 5, what
