"""The closed vocabularies of the code: names of rows, events, kinds of signals, codes and states. They are for programs; nobody who looks at
the page sees one of them, unless the page itself has that word."""

import importlib
import pkgutil
import re
from enum import Enum
from io import BytesIO
from typing import Literal, get_args, get_origin

from babel.messages.extract import extract

import routing
import schemas
import services.api
import services.ports
from routing.lifecycle import TABLE
from routing.people.permissions import RIGHTS
from schemas.events import EVENT_TYPES
from schemas.yamlfile import plain_data
from services.console import rendering
from services.console.language.vocabulary import plain
from services.console.language.words import SOURCE, words_in
from services.forum.words import WORDS
from tests.setups import EXAMPLES

KEYWORDS = {"_": None, "say": None, "mark": None, "ngettext": (1, 2), "plural": (1, 2)}
OF_THE_DATA = {
    "demo",
    "pricing",
    "email",
    "phone",
    "message",
    "text",
    "note",
    "name",
    "country",
    "news",
    "proposal",
    "load",
    "facts",
}
"""What the lives that the test tells have of their own: their forms, and the fields that these name."""


WRITTEN = {"title", "purpose", "statement", "next_step", "reasons", "industries", "mail_purposes", "from"}
"""Members of the agreement whose values are in words of those who wrote it."""


def closed_words():
    """Every value of every closed set, and the names of rows, commands and types of events."""
    found = {row.name for row in TABLE} | set(RIGHTS) | set(EVENT_TYPES)
    for package in (schemas, routing, services.api, services.ports):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(info.name)).values():
                if get_origin(value) is Literal:
                    found |= {one for one in get_args(value) if isinstance(one, str)}
                elif isinstance(value, type) and issubclass(value, Enum):
                    found |= {str(one.value) for one in value}
    return {word for word in found if len(word) > 2 and not word.isdigit()}


def _words_of_the_forum(language):
    return [text for table in WORDS[language].values() for text in table.values()]


def words_of_the_page(language):
    """All that the page says in this language, in small letters."""
    if language != SOURCE:
        words = words_in(language)
        texts = [
            *_words_of_the_forum(language),
            *words.texts.values(),
            *(form for forms in words.forms.values() for form in forms),
        ]
        return " ".join(texts).casefold()
    found = _words_of_the_forum(language)
    for path in sorted(rendering.TEMPLATES.parent.rglob("*")):
        kind = {".py": "python", ".html": "jinja2"}.get(path.suffix)
        if kind:
            for _, text, _, _ in extract(kind, BytesIO(path.read_bytes()), keywords=KEYWORDS):
                found += [text] if isinstance(text, str) else [part for part in text if part]
    return " ".join(found).casefold()


def without_agreed_names(text):
    """The words of a page without the names that whoever wrote the agreement and the roster chose, as a page writes them, nor what they propose to do next."""
    agreed = " ".join(path.read_text() for path in EXAMPLES.glob("*.yaml"))
    names = {plain(name.strip()) for name in re.findall(r"\b(?:name|id|pool): ([\w -]+)", agreed)}
    names |= set(re.findall(r"\bnext_step: (.+)", agreed))
    names |= set(written_texts(plain_data((EXAMPLES / "agreement.yaml").read_text())))
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?!\w)", "", text)


def written_texts(data, key=""):
    """What the agreement says in sentences of its own, and lists of such words as a page joins them; a single word could be one of ours."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from written_texts(value, name)
    elif isinstance(data, list):
        if key in WRITTEN and all(isinstance(one, str) for one in data):
            yield ", ".join(data)
        for value in data:
            yield from written_texts(value, key)
    elif key in WRITTEN and isinstance(data, str) and " " in data:
        yield data


def seen_by_nobody(language):
    """A pattern of what nobody sees: each closed word, and the same with spaces in the place of its underscores."""
    says = words_of_the_page(language)
    forms = {form for word in closed_words() for form in (word, word.replace("_", " "))} - OF_THE_DATA
    hidden = [form for form in forms if not re.search(rf"(?<!\w){re.escape(form.casefold())}(?!\w)", says)]
    assert len(hidden) > 200, "there is something to look for"
    return re.compile(rf"(?<![\w.@/-])(?:{'|'.join(map(re.escape, sorted(hidden, key=len, reverse=True)))})(?![\w@-])")
