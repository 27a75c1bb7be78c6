"""`python -m tests.watchers`: what open pages cost. 50 of them follow an installation in a process of its own, in which 200 leads wait, while
forms come in; half show the whole board, half a view of few, and each asks for itself again whenever it is told news, as a browser does."""

import argparse
import asyncio
import os
import random
import ssl
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil

from tests.page_server import PageServer
from tests.parts.process import end, spawn

WAITING = 200
VIEWS = ("/?stage=qualification", "/")
"""The first shows each form that comes; the second is the whole board."""


async def serve(folder):
    """An installation that says where it is, until its parent ends it."""
    async with PageServer(folder) as server:
        await server.fill(WAITING)
        links = [await server.link(person) for person in ("maja", "lena")]
        (folder / "links").write_text("\n".join([server.url, *links]))
        await asyncio.Event().wait()


class Watcher:
    """An open page with connections of its own. `seen` has when each name was first on it."""

    def __init__(self, client, view):
        self.client, self.view, self.seen, self.asked = client, view, {}, 0

    async def look(self):
        """As `console.js` does: what is shown, and then its board again at each piece of news."""
        page = await self.show({})
        head = int(page.split("/live?from=")[1].split('"')[0].split("&")[0])
        async with self.client.stream("GET", f"/live?from={head}") as answer:
            assert answer.status_code == 200, answer.status_code
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    await self.show({"hx-request": "true"})
        raise AssertionError("the line of news ended")

    async def show(self, headers):
        """What is answered, after a look for who is new on it."""
        answer = await self.get(headers)
        assert answer.status_code == 200, answer.status_code
        self.asked += 1
        for name in answer.text.split("Sven Snabb ")[1:]:
            self.seen.setdefault(int(name.split("<")[0]), time.perf_counter())
        return answer.text

    async def get(self, headers):
        """Once more where the server closed a kept connection just as this was asked on it: so does every browser."""
        try:
            return await self.client.get(self.view, headers=headers)
        except httpx.RemoteProtocolError:
            return await self.client.get(self.view, headers=headers)


async def cookies_of(link):
    """Those of somebody whom the link signs in."""
    async with httpx.AsyncClient(timeout=120) as client:
        assert (await client.get(link)).status_code == 303
        return client.cookies


def client_of(url, cookies):
    """As a browser has it: one connection for the news, and one for all else. Nothing is asked for over TLS, so no authorities are read."""
    return httpx.AsyncClient(base_url=url, cookies=cookies, timeout=120, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def watch(url, links, process, asked):
    """The delays of each form on each page that shows it, in seconds."""
    cookies = [await cookies_of(link) for link in links]
    watchers = [Watcher(client_of(url, cookies[number % 2]), VIEWS[number % 2]) for number in range(asked.pages)]
    tasks = [asyncio.create_task(watcher.look()) for watcher in watchers]
    await asyncio.sleep(3)
    before, began, posted = process.cpu_times(), time.perf_counter(), {}
    async with httpx.AsyncClient(base_url=url, timeout=60) as sender:
        for number in range(asked.forms):
            posted[number] = time.perf_counter()
            person = {"email": f"s{number}@snabb{number}.example", "name": f"Sven Snabb {number}"}
            assert (await sender.post("/v1/hooks/load", data={"form_id": "newsletter", **person})).status_code == 202
            await asyncio.sleep(random.uniform(0.5, 1.5))
    await asyncio.sleep(5)
    seconds, after = time.perf_counter() - began, process.cpu_times()
    ended = [task.exception() for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for watcher in watchers:
        await watcher.client.aclose()
    for error in ended:
        print(f"a page ended: {error!r}")
    used = after.user + after.system - before.user - before.system
    return report(watchers, posted, seconds, used, process) and not ended


def report(watchers, posted, seconds, used, process):
    showing = [watcher for watcher in watchers if watcher.view == VIEWS[0]]
    delays = [w.seen[n] - at for w in showing for n, at in posted.items() if n in w.seen]
    missed = len(showing) * len(posted) - len(delays)
    print(
        f"{len(watchers)} pages, {WAITING} who wait, {len(posted)} forms in {seconds:.0f} s; load average {os.getloadavg()[0]:.1f}\n"
        f"from the post until it is shown: median {median(delays) * 1000:.0f} ms, p99 {quantiles(delays, n=100)[98] * 1000:.0f} ms, "
        f"longest {max(delays) * 1000:.0f} ms; never shown: {missed}\n"
        f"{sum(w.asked for w in watchers) / seconds:.0f} pages/s were asked for; the process used {100 * used / seconds:.0f} % of a core, "
        f"{1000 * used / sum(w.asked for w in watchers):.0f} ms for each page with all else that it does, "
        f"and has {process.memory_info().rss / 2**20:.0f} MiB"
    )
    return missed == 0


async def main(asked):
    with tempfile.TemporaryDirectory() as name:
        folder, log = Path(name), Path(name) / "log"
        child = spawn([sys.executable, "-m", "tests.watchers", "--serve", name], log)
        try:
            while not (folder / "links").exists():
                assert child.poll() is None, log.read_text()
                await asyncio.sleep(0.2)
            url, *links = (folder / "links").read_text().split()
            process = psutil.Process(child.pid)
            print(f"without an open page it has {process.memory_info().rss / 2**20:.0f} MiB", flush=True)
            return await watch(url, links, process, asked)
        finally:
            end(child, kill=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--forms", type=int, default=40)
    parser.add_argument("--serve", type=Path)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve))
    else:
        sys.exit(0 if asyncio.run(main(given)) else 1)
