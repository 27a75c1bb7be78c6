"""Names that the roster and the agreement give, as people write them. The words come from the name alone, so that the same report is shown
by the same bytes whoever joined or left since.

Imported by: view, and of the console board and language.
"""

from __future__ import annotations


def spell_person(person: str) -> str:
    """Somebody of the roster as people call them: `elin` is Elin, `anna-maria` Anna-Maria, `bo_ek` Bo Ek."""
    return person.replace("_", " ").title()


def spell_name(name: str) -> str:
    """A team, a pool, a policy, a goal: `key-accounts` is key accounts."""
    return name.replace("_", " ").replace("-", " ")


def spell_queue(queue: str) -> str:
    """A queue by its pool: `hand_over/key-accounts` is key accounts; "" where its pool is not known."""
    return spell_name(queue.partition("/")[2])
