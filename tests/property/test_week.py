"""A short run of the week; `python -m tests.property.week` is the long one."""

from tests.property.week import run


async def test_a_week_of_live_signals_on_imported_leads_makes_not_one_false_event():
    told = await run(400, 210, 3, lambda _: None)
    assert not [kind for kind in ("handover.offered", "sla.breached", "lead.touched") if not told[kind]]
