"""`python -m tests.pictures SHOTS`: docs/pictures from a month that the demo lives through, in a real browser; and of a house in trouble, the
screen Plumbing, from SHOTS, where the tests in a browser put their pictures (`make screenshots`)."""

import asyncio
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import async_playwright, expect

from tests.parts.browser import FLAGS, chromium
from tests.pictures.screens import LEAD, SIZES, pictures
from tests.pictures.small import small

TARGET = Path(__file__).parents[2] / "docs" / "pictures"
OF_TROUBLE = "plumbing-en-wide.png"
READY = "It goes on from here as time passes"
LINK = re.compile(r"http://127\.0\.0\.1:\d+/sign-in/link/\S+")
PEOPLE = ("maja", "elin", "lena")
"""Whose links the demo prints, in its order."""
LOCALES = {"en": "en-GB", "sv": "sv-SE"}
PATIENCE = 120_000
"""Milliseconds: a report is computed when it is first asked for."""


@contextmanager
def demo():
    """{person: link} of a demo, which ends with the block."""
    command = [sys.executable, "-m", "services.cli.main", "demo", "--page"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                if READY in line:
                    break
            yield dict(zip(PEOPLE, LINK.findall(printed), strict=True))
        finally:
            process.send_signal(signal.SIGINT)


class Photographer:
    """Signs each person in once: a link works once."""

    def __init__(self, browser, links):
        self._browser, self._links, self._states = browser, links, {}
        self._url = links["maja"].partition("/sign-in")[0]

    async def take(self, picture):
        """The PNG of what is seen without scrolling."""
        async with self._page(picture) as page:
            await page.goto(self._url + (picture.path or LEAD))
            if picture.path is None:
                await page.locator("table.board tbody a").first.click()
                await page.wait_for_url("**/leads/*")
            await expect(page.locator("section.apology")).to_have_count(0, timeout=PATIENCE)
            return await page.screenshot()

    @asynccontextmanager
    async def _page(self, picture):
        width, height = SIZES[picture.size]
        context = await self._browser.new_context(
            locale=LOCALES[picture.language],
            viewport={"width": width, "height": height},
            color_scheme=picture.colours,
            storage_state=self._states.get(picture.person),
        )
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        if picture.person not in self._states:
            await page.goto(self._links[picture.person])
            self._states[picture.person] = await context.storage_state()
        yield page
        await context.close()


async def main(shots):
    program = chromium()
    taken = {OF_TROUBLE: (shots / OF_TROUBLE).read_bytes()}
    with demo() as links:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program.path, env=program.env, args=FLAGS)
            photographer = Photographer(browser, links)
            for name, picture in pictures(datetime.now(UTC)).items():
                taken[f"{name}.png"] = await photographer.take(picture)
            await browser.close()
    for name, data in taken.items():
        made = small(data)
        (TARGET / name).write_bytes(made)
        print(f"{len(made):7} {name}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
