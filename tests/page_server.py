"""A running Stafett for browsers: an installation in this process, on a port of this machine, with some leads that wait."""

import asyncio
from contextlib import AsyncExitStack, ExitStack

import httpx

from services.bootstrap.http import serving
from services.bootstrap.page import new_link
from tests.api import installed
from tests.parts.process import free_port

NEED = "We lose leads between marketing and sales, and nobody can say where."
PEOPLE = (
    ("anna", "Anna Ek", "Nordhamn AB", "demo"),
    ("bo", "Bo Lind", "Fjordkraft AS", "contact-sales"),
    ("cia", "Cia Berg", "Lakrits & Co", "pricing"),
    ("david", "David Åkesson", "Söderlogistik", "newsletter"),
    ("elsa", "Elsa Nyström", "Bergslagen Verktyg", "demo"),
)


class PageServer:
    """`url` is where it is, `leads` are those of PEOPLE by their short names."""

    def __init__(self, folder):
        self._folder, self._stack = folder, AsyncExitStack()
        self.url, self.leads, self.filled = "", {}, 0

    async def __aenter__(self):
        settings = {"STAFETT_HTTP_PORT": str(free_port())}
        self.api = await self._stack.enter_async_context(installed(self._folder, secrets=settings))
        ports, opened = self._stack.enter_context(ExitStack()), asyncio.get_running_loop().create_future()
        run = serving(self.api.parts, self.api.stopping, ports, hooks=True, api=True, on_open=opened.set_result)
        self._serving = asyncio.create_task(run(self.api.stopping))
        self.url = await opened
        self.client = httpx.AsyncClient(base_url=self.url, timeout=90)
        for number, (short, name, company, form) in enumerate(PEOPLE):
            email = f"{short}@{company.split()[0].lower().replace('ö', 'o')}.example"
            await self.form(
                email=email, name=name, company=company, form_id=form, message=NEED, phone=f"070-123 45 6{number}"
            )
            await self.api.settled()
            (lead,) = (await self.api.get("/v1/leads", email=email))["leads"]
            self.leads[short] = lead["id"]
        await self._go_wrong()
        return self

    async def _go_wrong(self):
        """What those who run it look at: a body that is not understood, an answer about nobody, a receiver that is paused."""
        await self.client.post("/v1/hooks/cloud", json={"when": "today", "data": {"email": "x@y.example"}})
        await self.fact(fact="accepted", email="nobody@nowhere.example", id="acc-0")
        await self.api.parts.deliveries.fan_out("sink/erp", lambda *_: True, self.api.parts.now())
        await self.api.parts.deliveries.disable("sink/erp", "it answered 410 Gone")

    async def __aexit__(self, *_):
        self.api.stopping.set()
        await self._serving
        await self.client.aclose()
        await self._stack.aclose()

    async def link(self, person):
        """The address that signs this person in, once."""
        _, path = await new_link(self.api.parts, person)
        return f"{self.url}{path}"

    async def form(self, **fields):
        answer = await self.client.post("/v1/hooks/load", data=fields)
        assert answer.status_code == 202, answer.text

    async def fact(self, **fact):
        answer = await self.client.post("/v1/hooks/facts", json=fact)
        assert answer.status_code == 202, answer.text

    async def fill(self, count):
        """So many more who wait, once."""
        for n in range(self.filled, count):
            await self.form(email=f"p{n}@kund{n}.example", name=f"Person {n}", form_id="demo")
        self.filled = max(self.filled, count)
        await self.api.settled()

    async def listener(self, person):
        """A client of somebody who is signed in, for lines that pages listen to."""
        client = httpx.AsyncClient(base_url=self.url, timeout=120)
        await client.get(await self.link(person))
        return client


async def first_news(client, head):
    """The position that an open page which knows everything up to `head` is told first."""
    async with client.stream("GET", f"/live?from={head}") as answer:
        assert answer.status_code == 200, answer.status_code
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                return int(line[4:])
    raise AssertionError("the line ended without news")
