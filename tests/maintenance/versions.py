"""Two versions side by side: a fleet of the one before is upgraded process by process, and the older one is refused afterwards."""

import io
import shutil
import subprocess
import tarfile

from tests.maintenance.fleet import ORDER, TendedFleet
from tests.parts.fleet import ROLES, ROOT, STAFETT

PREVIOUS = "785455ce2a3272eb2d09a10ca3feef4ffbcc1225"
"""The version before, whose schema is at 0018; its requirements are those of today, so it runs in the same environment."""
BOUND = 25.0


class MixedFleet(TendedFleet):
    """Begins as the version before, in a folder of its own; `newer` are the processes that are of today's."""

    def __init__(self, edits=()):
        self.newer = set()
        super().__init__(edits)
        self._older = self.folder / "older"
        self._older.mkdir()
        archive = [shutil.which("git") or "git", "archive", PREVIOUS]
        packed = subprocess.run(archive, cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(self._older, filter="data")
        locks = [(folder / "requirements.lock").read_bytes() for folder in (ROOT, self._older)]
        assert locks[0] == locks[1], "the version before needs an environment of its own"

    def _call(self, *words, env=None):
        older = getattr(self, "_older", None)
        if older is None or "new" in words:
            return super()._call(*words, env=env)
        return self.run(older, *words, env=env)

    def run(self, folder, *words, env=None, status=0):
        """What a command of the version in `folder` says."""
        done = subprocess.run(
            [*STAFETT, *words], cwd=folder, env=env or self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == status, (done.returncode, done.stderr + done.stdout)
        return done.stdout + done.stderr

    def place(self, name):
        return ROOT if name in self.newer else self._older

    def upgrade(self, name):
        self.newer.add(name)
        return self.replace(name)

    # --- steps
    def upgrade_schema(self):
        """As the owner of the schema, while the older version runs on it."""
        owner = self.env | {"STAFETT_DATABASE_URL": self.postgres.url()}
        print(self.run(ROOT, "db", "upgrade", "--grants-to", "stafett_run", "--config", str(self.config), env=owner))

    def refuse_older(self):
        """Neither a process nor an upgrade of the version before does anything to the newer schema."""
        owner = self.env | {"STAFETT_DATABASE_URL": self.postgres.url()}
        for words, env in ((ROLES["relay"], self.env), (("db", "upgrade"), owner)):
            done = subprocess.run(
                self.command(*words), cwd=self._older, env=env, capture_output=True, text=True, timeout=60
            )
            assert done.returncode != 0, words
            print(f"the version before, {' '.join(words)}: status {done.returncode}, {done.stderr.strip()[-200:]}")


def steps(fleet):
    def upgrade(name):
        return lambda: fleet.upgrade(name)

    return [
        ("schema upgraded", fleet.upgrade_schema),
        *((f"{name} upgraded", upgrade(name)) for name in ORDER),
        ("the version before is refused", fleet.refuse_older),
    ]
