"""What a process that serves the page does around the server."""

import asyncio

from starlette.datastructures import State

from services.bootstrap.http import _run_and_keep


class Part:
    """A counter and an auditor that note when they are asked for."""

    def __init__(self, order):
        self.order = order

    async def run(self, stop):
        await stop.wait()

    async def keep(self):
        self.order.append("uses are written")


async def test_pages_are_prepared_before_anybody_is_let_in():
    order = []
    part = Part(order)
    state = State({"prepare": lambda: order.append("prepared"), "flow_counter": part, "auditor": part})

    async def serve(stop):
        order.append("open")

    await _run_and_keep(serve, state, asyncio.Event())
    assert order == ["prepared", "open", "uses are written"]
