"""XML of a sender we do not trust: small, without a document type, without entities; a tree of local names."""

from __future__ import annotations

from typing import NamedTuple, NoReturn
from xml.parsers import expat

from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.safely import MAX_DEPTH

MAX_ELEMENTS = 50_000
_NIL = "http://www.w3.org/2001/XMLSchema-instance nil"
_TYPE = "http://www.w3.org/2001/XMLSchema-instance type"


class Element(NamedTuple):
    """`name` and `type` are local names; `text` is None for an element that is empty or nil."""

    name: str
    type: str | None
    text: str | None
    children: tuple[Element, ...]

    def all(self, name: str) -> list[Element]:
        """Children of this name."""
        return [child for child in self.children if child.name == name]

    def child_text(self, name: str) -> str | None:
        """The text of the first child of this name."""
        return next((child.text for child in self.children if child.name == name), None)

    def find(self, name: str) -> Element | None:
        """The first element of this name, here or anywhere below."""
        if self.name == name:
            return self
        return next((found for child in self.children if (found := child.find(name)) is not None), None)


class _Open:
    def __init__(self, name: str, kind: str | None, nil: bool) -> None:
        self.name, self.kind, self.nil = name, kind, nil
        self.text: list[str] = []
        self.children: list[Element] = []

    def close(self) -> Element:
        text = "".join(self.text).strip() or None
        return Element(self.name, self.kind, None if self.nil or self.children else text, tuple(self.children))


class _Reader:
    """Expat hands every name as `namespace local`. A document type is refused as soon as it begins: with it go external
    entities and those that blow up."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._count = 0
        self.root: Element | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise Unreadable("the XML is too deep or too large")
        kind = attributes.get(_TYPE, "").rpartition(":")[2] or None
        self._open.append(_Open(name.rpartition(" ")[2], kind, attributes.get(_NIL) == "true"))

    def end(self, _: str) -> None:
        element = self._open.pop().close()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def refuse(self, *_: object) -> NoReturn:
        raise Unreadable("XML with a document type is refused")


def read_xml(body: bytes) -> Element:
    """The root. Raises Unreadable."""
    reader, parser = _Reader(), expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler, parser.buffer_text = reader.data, True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = reader.refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(f"no XML: {type(error).__name__}") from None
    if reader.root is None:
        raise Unreadable("the XML is empty")
    return reader.root
