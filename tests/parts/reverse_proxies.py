"""nginx and Caddy with the files of deploy/: of those, nothing is changed but ports, names, certificates and Stafett's address."""

import os
import re
import socket
import ssl
import time
from pathlib import Path

from tests.parts.certificates import write_certificates
from tests.parts.debian import program
from tests.parts.process import end, free_port, spawn

DEPLOY = Path(__file__).parents[2] / "deploy"


class ReverseProxy:
    """One of them, on a port of its own of 127.0.0.1, with TLS. `close` ends it."""

    def __init__(self, folder: Path, stafett: int) -> None:
        write_certificates(folder)
        self.folder, self.port, self._stafett = folder, free_port(), stafett
        self.tls = ssl.create_default_context(cafile=folder / "ca.pem")
        self._process = None

    def command(self) -> list[str]:
        """Writes the configuration; gives the command that starts it."""
        raise NotImplementedError

    def start(self) -> "ReverseProxy":
        self._process = spawn(self.command(), self.folder / "proxy.log", cwd=self.folder, env=self._environment())
        until = time.monotonic() + 20
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.close()
        raise AssertionError((self.folder / "proxy.log").read_text())

    def close(self) -> None:
        end(self._process)

    def _environment(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "PATH": "/usr/bin:/bin"}

    @property
    def _certificate(self) -> tuple[Path, Path]:
        pem = self.folder / "broker.pem"
        return pem, pem


class Nginx(ReverseProxy):
    """`more` is put into the http block."""

    def __init__(self, folder: Path, stafett: int, more: str = "") -> None:
        super().__init__(folder, stafett)
        self._more = more

    def command(self) -> list[str]:
        pem, key = self._certificate
        text = (DEPLOY / "nginx.conf").read_text()
        for pattern, by in (
            (r"listen \[::\]:\d+[^;]*;", ""),
            (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
            (r"listen 443 ", f"listen 127.0.0.1:{self.port} "),
            (r"ssl_certificate [^;]+;", f"ssl_certificate {pem};"),
            (r"ssl_certificate_key [^;]+;", f"ssl_certificate_key {key};"),
            (r"server 127\.0\.0\.1:8080;", f"server 127.0.0.1:{self._stafett};"),
            (r"\nhttp \{", f"\nhttp {{\n{self._more}\n{self._folders()}"),
        ):
            text, count = re.subn(pattern, by, text)
            assert count, pattern
        # The folder is for its owner alone, and root's workers are somebody else.
        own = "user root;\n" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(f"{own}daemon off;\npid {self.folder}/nginx.pid;\n{text}")
        return [program("nginx", "usr/sbin/nginx"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def _folders(self) -> str:
        names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return "".join(f"{name}_temp_path {self.folder}/{name};\n" for name in names)


class Caddy(ReverseProxy):
    def command(self) -> list[str]:
        pem, key = self._certificate
        text = (DEPLOY / "Caddyfile").read_text()
        for pattern, by in (
            (r"admin off\n", "admin off\n\tauto_https off\n"),
            (
                r"\nleads\.example\.com \{",
                f"\nhttps://leads.example.com:{self.port}, https://127.0.0.1:{self.port} {{\n\ttls {pem} {key}",
            ),
            (r"reverse_proxy 127\.0\.0\.1:8080 ", f"reverse_proxy 127.0.0.1:{self._stafett} "),
        ):
            text, count = re.subn(pattern, by, text)
            assert count, pattern
        (self.folder / "Caddyfile").write_text(text)
        return [program("caddy", "usr/bin/caddy"), "run", "--adapter", "caddyfile", "--config", "Caddyfile"]
