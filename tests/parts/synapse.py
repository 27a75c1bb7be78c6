"""Synapse, a Matrix server as people have it, on SQLite in a folder of its own; installed by pip from `synapse.lock`, by itself."""

import hashlib
import hmac
import subprocess
import time
from pathlib import Path

import httpx
import yaml

from tests.parts.environments import python_of
from tests.parts.errors import PartMissing
from tests.parts.process import end, free_port, spawn

LOCK = Path(__file__).with_name("synapse.lock")
CACHE = Path.home() / ".cache" / "stafett" / "synapse"
PASSWORD = "right-horse"


class SynapseServer:
    """The first on a machine takes some minutes; `user(name)` makes a user and gives their token."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None

    def start(self) -> "SynapseServer":
        python, config = python_of("Synapse", LOCK, CACHE), self.folder / "hs.yaml"
        command = [str(python), "-m", "synapse.app.homeserver", "--config-path", str(config)]
        try:
            subprocess.run(
                [*command, "--server-name", "lab.local", "--generate-config", "--report-stats=no"],
                cwd=self.folder, check=True, capture_output=True, text=True, timeout=100,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise PartMissing(f"Synapse cannot be started: {getattr(error, 'stderr', error)}") from error
        said = yaml.safe_load(config.read_text())
        said["listeners"] = [
            {"port": self.port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}
        ]
        said["rc_message"] = {"per_second": 100, "burst_count": 100}
        config.write_text(yaml.safe_dump(said))
        self._secret = said["registration_shared_secret"]
        self._process = spawn(command, self.folder / "synapse.log", cwd=self.folder)
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health", timeout=2, trust_env=False).status_code == httpx.codes.OK:
                    return self
            except httpx.HTTPError:
                time.sleep(0.2)
        self.close()
        raise AssertionError((self.folder / "synapse.log").read_text()[-4000:])

    def close(self) -> None:
        end(self._process, kill=True)

    def user(self, name: str) -> str:
        register = f"{self.url}/_synapse/admin/v1/register"
        nonce = httpx.get(register, trust_env=False).json()["nonce"]
        text = f"{nonce}\0{name}\0{PASSWORD}\0notadmin"
        proof = hmac.new(self._secret.encode(), text.encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": False, "mac": proof}
        answer = httpx.post(register, json=body, trust_env=False, timeout=20)
        return answer.raise_for_status().json()["access_token"]

    def ask(self, method: str, path: str, token: str, **body: object) -> dict:
        answer = httpx.request(
            method, f"{self.url}/_matrix/client/v3/{path}", headers={"authorization": f"Bearer {token}"},
            json=body or None, trust_env=False, timeout=20,
        )  # fmt: skip
        return answer.raise_for_status().json()
