"""`make node-red`: a real Node-RED (fetched by npm) posts to a running Stafett: a signed fact, JSON and a form.

Not part of `make test`: it needs Node.js and npm's network. What it took is in docs/node-red.md.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.test_up import Installed
from tests.parts.process import end, free_port

CACHE = Path.home() / ".cache" / "stafett" / "node-red"
SIGN = """
const body = JSON.stringify(msg.payload);
const id = 'msg_' + RED.util.generateId();
const stamp = Math.floor(Date.now() / 1000);
const key = Buffer.from(env.get('STAFETT_SECRET').replace('whsec_', ''), 'base64');
const proof = crypto.createHmac('sha256', key).update(`${id}.${stamp}.${body}`).digest('base64');
msg.headers = {'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(stamp), 'webhook-signature': 'v1,' + proof};
msg.payload = body;
return msg;
"""
FORM = """
msg.headers = {'content-type': 'application/x-www-form-urlencoded'};
return msg;
"""


def flow(url):
    """Two chains: inject -> function -> http request."""
    nodes = [{"id": "tab", "type": "tab", "label": "Stafett"}]
    for name, payload, code, target, delay in (
        (
            "form",
            {"email": "nora@red.example", "name": "Nora Red", "form_id": "demo", "message": "From a flow"},
            FORM,
            "web",
            1,
        ),
        ("fact", {"fact": "accepted", "email": "nora@red.example", "id": "red-1"}, SIGN, "crm", 6),
        ("bad", {"fact": "no such fact", "email": "nora@red.example", "id": "red-2"}, SIGN, "crm", 7),
    ):
        nodes += [
            {"id": f"{name}1", "type": "inject", "z": "tab", "props": [{"p": "payload"}], "once": True, "onceDelay": delay, "repeat": "",
             "payload": json.dumps(payload), "payloadType": "json", "wires": [[f"{name}2"]]},
            {"id": f"{name}2", "type": "function", "z": "tab", "func": code, "outputs": 1, "libs": [{"var": "crypto", "module": "crypto"}],
             "wires": [[f"{name}3"]]},
            {"id": f"{name}3", "type": "http request", "z": "tab", "method": "POST", "ret": "obj", "url": f"{url}/v1/hooks/{target}",
             "wires": [[f"{name}4"]]},
            {"id": f"{name}4", "type": "debug", "z": "tab", "active": True, "console": True, "complete": "true", "wires": []},
        ]  # fmt: skip
    return nodes


def installed():
    """The folder with Node-RED's program. Raises FileNotFoundError without npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not there; install Node.js 20 or newer")
    program = CACHE / "node_modules" / ".bin" / "node-red"
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", "node-red"], cwd=CACHE, check=True)
    return program


def main():
    program = installed()
    with tempfile.TemporaryDirectory() as folder:
        made = Installed(Path(folder) / "mine")
        made.start()
        lines = (line.partition("=") for line in (made.folder / ".env").read_text().splitlines())
        secret = {name: value for name, _, value in lines}["STAFETT_SECRET_CRM"]
        home = Path(folder) / "red"
        home.mkdir()
        (home / "flows.json").write_text(json.dumps(flow(made.url)))
        (home / "settings.js").write_text(
            f"module.exports = {{flowFile: 'flows.json', uiHost: '127.0.0.1', uiPort: {free_port()}}}"
        )
        with (home / "out.log").open("wb") as out:
            red = subprocess.Popen(
                [str(program), "--userDir", str(home)],
                stdout=out,
                stderr=out,
                env={**os.environ, "STAFETT_SECRET": secret},
            )
        begun = time.monotonic()
        try:
            lead = made.until(
                "/v1/leads",
                lambda said: (
                    said["leads"] and said["leads"][0]["handover"] and said["leads"][0]["handover"]["accepted_at"]
                ),
            )
            aside = made.until("/v1/quarantine", lambda said: said["quarantine"])
        except BaseException:
            print((home / "out.log").read_text()[-3000:])
            raise
        finally:
            end(red)
            stopped = made.stop()
        said = lead["leads"][0]
        print(
            f"Node-RED's form became a lead in {said['stage']}, owned by {said['owner']}; its signed fact was taken as the acceptance;"
        )
        print(
            f"the fact that nobody knows was set aside ({aside['quarantine'][0]['reason']}); {time.monotonic() - begun:.0f} s"
        )
        return stopped


if __name__ == "__main__":
    sys.exit(main())
