"""The page's own files: its style, its script, and htmx. They are read once, are the same for everybody, and are named by what they
hold, so that a browser asks for each once.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from services.door.problems import Trouble

FOLDER = Path(__file__).parent / "static"
PREFIX = "/assets"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


class StaticFile(NamedTuple):
    """One file, its digest, and the same bytes compressed."""

    kind: str
    digest: str
    plain: bytes
    small: bytes


class StaticFiles:
    """Those of the folder that a browser may ask for, by their names."""

    def __init__(self, folder: Path = FOLDER) -> None:
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES]
        self._files = {path.relative_to(folder).as_posix(): _read(path) for path in paths}

    def url(self, name: str) -> str:
        """Where the file is. Raises KeyError for one that there is not."""
        return f"{PREFIX}/{self._files[name].digest}/{name}"

    def size(self, name: str) -> int:
        """Bytes that go over the line."""
        return len(self._files[name].small)

    async def answer(self, request: Request) -> Response:
        """The file as it is named; another digest is a file that is no more."""
        file = self._files.get(request.path_params["name"])
        if file is None or request.path_params["digest"] != file.digest:
            return Trouble("not_found", "there is no such file").response()
        headers = {"cache-control": _FOR_EVER, "content-type": file.kind, "vary": "accept-encoding"}
        # Nothing secret is in them, so that their compressed length tells nobody anything.
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.small, headers=headers | {"content-encoding": "gzip"})
        return Response(file.plain, headers=headers)


def _read(path: Path) -> StaticFile:
    plain = path.read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:16]
    return StaticFile(_TYPES[path.suffix], digest, plain, gzip.compress(plain, 9, mtime=0))
