"""`python -m tests.property.model --signals 100000 --seed 1`: random lives of leads, every invariant after each signal.

Late, out of order and doubled signals, commands, absences, people who join and leave, pools that pause, agreements that
change while clocks run, leads that are merged and parted again. The same seed tells the same stories; a broken invariant
ends the run and names the seed and the step.
"""

import argparse
import random
import sys
import time
from collections import Counter

from tests.property.lives import CHANGES, COMMANDS, FACTS, LEADS, Lives
from tests.property.worlds import AGREEMENTS

STORY = 250
"""Steps of one world; then another one begins, so that openings come up as often as endings."""
PAUSES = [0, 1, 20, 60, 300, 1500, 5000]
HAPPENS = {
    "tell": 60, "fall_due": 22, "ask": 6, "change": 4, "again": 3, "merge": 2, "unmerge": 2, "publish": 2, "begin_periods": 1,
}  # fmt: skip
"""How often, in a hundred steps and a few."""
CHECKED_TWICE = 0.1


def words(dice, lists):
    return {name: dice.choice(values) for name, values in lists.items()}


def arguments(dice, name):
    """What this step is about."""
    return {
        "tell": lambda: (words(dice, FACTS),),
        "fall_due": lambda: (dice.choice([0, 0, 0, 1, 90, 5000]),),
        "ask": lambda: (words(dice, COMMANDS),),
        "change": lambda: (dice.choice(CHANGES), dice.choice([None, 1, 30, 200])),
        "merge": lambda: dice.sample(LEADS, 2),
        "publish": lambda: (dice.randrange(len(AGREEMENTS)), dice.choice([None, False, True])),
        "begin_periods": tuple,
    }.get(name, lambda: (dice.randrange(1000),))()


def story(dice, count):
    """One world of so many steps; AssertionError names the step."""
    lives = Lives()
    for step in range(count):
        name = dice.choices([*HAPPENS], [*HAPPENS.values()])[0]
        lives.wait(dice.choice(PAUSES))
        lives.twice = dice.random() < CHECKED_TWICE
        try:
            getattr(lives, name)(*arguments(dice, name))
        except AssertionError as error:
            raise AssertionError(f"step {step}, {name}: {error}") from error
    return lives.met


def main(signals, seed, say=print):
    """Runs and says what was seen; AssertionError with the place where an invariant is broken."""
    dice, begun, number, met = random.Random(seed), time.monotonic(), 0, Counter()
    while met["signals"] < signals:
        number += 1
        try:
            met += story(dice, min(STORY, signals))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, world {number}, {error}") from error
    took = time.monotonic() - begun
    say(f"{met['signals']} signals in {number} worlds, seed {seed}, {took:.0f} s; all invariants held")
    for name, count in sorted(met.items()):
        say(f"  {name}: {count}")
    return met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(0 if main(given.signals, given.seed) else 1)
