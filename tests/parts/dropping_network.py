"""A network of its own behind a cable of this machine, on which packets get lost for good: nobody is told, nothing is reset. Needs root."""

import os
import shutil
import subprocess
import uuid
from typing import Self

from tests.parts.errors import PartMissing

HERE, THERE = "10.231.7.1", "10.231.7.2"
NOBODY = "02:00:00:00:00:99"
"""An address of the cable's that nothing has: what is sent to it is thrown away by whoever gets it."""


class DroppingNetwork:
    """`with DroppingNetwork() as network:`; what runs `within` it is reached at THERE, and this machine from there at HERE."""

    def __init__(self) -> None:
        word = uuid.uuid4().hex[:6]
        self._space, self._near, self._far = f"stafett-{word}", f"sn{word}", f"sf{word}"
        self._ip = shutil.which("ip") or ""
        if os.geteuid() or not self._ip or shutil.which("setpriv") is None:
            raise PartMissing("a network of its own needs root, `ip` (iproute2) and `setpriv` (util-linux)")

    def __enter__(self) -> Self:
        self._do("netns", "add", self._space)
        try:
            self._do("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self._space)
            self._do("addr", "add", f"{HERE}/30", "dev", self._near)
            self._do("link", "set", self._near, "up")
            self._do_there("addr", "add", f"{THERE}/30", "dev", self._far)
            self._do_there("link", "set", self._far, "up")
            self._do_there("link", "set", "lo", "up")
        except PartMissing:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # The cable goes with either of its ends.
        self._do("netns", "delete", self._space)

    @property
    def within(self) -> list[str]:
        """Begins another command there, as a user without rights."""
        rights = [shutil.which("setpriv") or "", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        return [self._ip, "netns", "exec", self._space, *rights]

    def drop(self) -> None:
        """From now on nothing arrives, in either direction."""
        self._do("neigh", "replace", THERE, "lladdr", NOBODY, "dev", self._near, "nud", "permanent")
        self._do_there("neigh", "replace", HERE, "lladdr", NOBODY, "dev", self._far, "nud", "permanent")

    def heal(self) -> None:
        self._do("neigh", "del", THERE, "dev", self._near)
        self._do_there("neigh", "del", HERE, "dev", self._far)

    def _do_there(self, *words: str) -> None:
        self._do("-n", self._space, *words)

    def _do(self, *words: str) -> None:
        done = subprocess.run([self._ip, *words], capture_output=True, text=True, check=False, timeout=10)
        if done.returncode:
            raise PartMissing(f"ip {' '.join(words)}: {done.stderr.strip()}")
