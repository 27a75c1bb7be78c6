"""Pages from templates. What comes from outside is escaped by the templates themselves; no template marks anything as
safe, which a test sees to; of what is given to them the forum's charts alone are markup, and these escape what they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import role_name
from services.console.language.words import LANGUAGES, words_in
from services.console.navigation import screens_for
from services.console.signed_in import SignedIn
from services.console.static_files import StaticFiles

TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """`static` are the files that pages name."""

    def __init__(self, static: StaticFiles) -> None:
        self.static = static
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"static": static.url, "called": person_name}

    def prepare(self) -> None:
        """Compiles every template and reads every catalogue, so that nobody's first view waits for it."""
        for name in self._environment.list_templates():
            self._environment.get_template(name)
        for language in LANGUAGES:
            words_in(language)

    def render(
        self, template: str, reader: Reader, somebody: SignedIn | None, *, status: int = 200, **context: Any
    ) -> Response:
        """The page of this template for this reader; without somebody who is signed in it has no navigation."""
        shown = {
            "somebody": somebody,
            "roles": [role_name(role, reader) for role in sorted(somebody.roles)] if somebody is not None else [],
            "screens": list(screens_for(somebody)) if somebody is not None else [],
        }
        return HTMLResponse(self.section(template, reader, **shown, **context), status)

    def section(self, template: str, reader: Reader, **context: Any) -> str:
        """What this template says to this reader, with nothing around it."""
        words = {"_": reader.say, "ngettext": reader.plural, "reader": reader}
        now_ms = int(reader.now.timestamp() * 1000)
        return self._environment.get_template(template).render(**words, now_ms=now_ms, **context)
