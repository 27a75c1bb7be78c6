"""Reading the files that people write, for commands: errors name the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from schemas.yamlfile import MAX_BYTES, Unreadable, load

if TYPE_CHECKING:
    from routing.agreement.agreement import Agreement
    from routing.people.roster import Roster
    from schemas.sources import SourcesFile


def read_text(path: Path) -> str:
    """The file's text. Raises Unreadable where it cannot be read, is too large or not UTF-8."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise Unreadable([f"{path}:1: the file is over {MAX_BYTES} bytes"])
        return raw.decode()
    except OSError as error:
        raise Unreadable([f"{path}:1: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise Unreadable([f"{path}:1: is not UTF-8 text"]) from None


def read_agreement(path: Path) -> tuple[Agreement, str]:
    """The compiled agreement and its text. Raises FileError."""
    from routing.agreement.agreement import compile_agreement

    text = read_text(path)
    return compile_agreement(text, str(path)), text


def read_sources(path: Path) -> tuple[SourcesFile, str]:
    """The sources and the file's text. Raises FileError."""
    from schemas.sources import SourcesFile

    text = read_text(path)
    return load(text, SourcesFile, str(path)), text


def read_roster(path: Path) -> Roster:
    """The roster. Raises FileError."""
    from routing.people.roster import Roster
    from schemas.roster import RosterFile

    return Roster(load(read_text(path), RosterFile, str(path)))
