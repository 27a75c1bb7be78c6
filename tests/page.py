"""A browser at the page of an installation in this process: it keeps cookies, and says what browsers say."""

import asyncio
import re
from urllib.parse import urlsplit

import httpx

PLACE = "http://127.0.0.1:8080"
HTML = {"accept": "text/html,application/xhtml+xml"}


class Browser:
    """`place` is where it finds the page, `peer` its own address. Each answer is looked at as it comes: nothing is followed."""

    def __init__(self, app, place=PLACE, language="en", peer="127.0.0.1"):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(peer, 50000))
        self.place = place
        self.client = httpx.AsyncClient(
            transport=transport, base_url=place, timeout=90, headers={**HTML, "accept-language": language}
        )

    async def get(self, path, **headers):
        """As somebody who types the address, or follows a link here. A page that is being computed asks again, as it does in a
        browser; so does whoever was led there from a download."""
        async with asyncio.timeout(60):
            while is_being_computed(answer := await self.client.get(path, headers=names(headers))):
                await asyncio.sleep(0.2)
        return answer

    async def post(self, path, csrf=None, data=None, **headers):
        """As a form of ours, unless `headers` say otherwise."""
        said = {"origin": self.place, "sec-fetch-site": "same-origin", **names(headers)}
        fields = {**(data or {}), **({"csrf": csrf} if csrf is not None else {})}
        return await self.client.post(path, data=fields, headers={k: v for k, v in said.items() if v is not None})

    async def csrf(self):
        """The token in the forms of our page."""
        return re.search(r'name="csrf" value="([\w-]+)"', (await self.get("/me")).text)[1]

    async def follow(self, answer):
        """Where a redirection leads, on this page."""
        assert answer.status_code == 303, answer.text
        target = urlsplit(answer.headers["location"])
        return await self.get(target.path + (f"?{target.query}" if target.query else ""))

    async def close(self):
        await self.client.aclose()


def is_being_computed(answer):
    """Whether the figures are not there yet."""
    if answer.status_code == 303:
        return answer.request.url.path == "/forum/report"
    return "The figures are being computed." in answer.text or "Siffrorna räknas fram." in answer.text


def names(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}
