"""Subscriptions and their secrets as they are now, without a restart."""

import pytest

from services.bootstrap.subscribers import LOOK, SubscriberRing
from services.delivery.role import Subscriber
from services.ports.errors import StoreUnavailable
from services.settings import SettingsError, load

ONE, TWO = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0", "whsec_bmV3ZXJuZXdlcm5ld2VybmV3ZXI="
ENTRY = "  - {{name: {name}, url: 'https://crm.example.com/hook', events: [sla], secrets: [{secrets}]}}\n"


class World:
    def __init__(self, folder, **environ):
        self.folder, self.at, self.stored = folder, 0.0, []
        self.write("STAFETT_SECRET_HOOK")
        self.environ = {"STAFETT_CONFIG_FOLDER": str(folder), **environ}

    def write(self, secrets, *names):
        entries = "".join(ENTRY.format(name=name, secrets=secrets) for name in names or ("crm",))
        self.put("subscriptions.yaml", f"version: 1\nsubscriptions:\n{entries}")

    def put(self, name, text):
        """As a mount of secrets does: the new file takes the place of the old one."""
        (self.folder / f"{name}.new").write_text(text)
        (self.folder / f"{name}.new").replace(self.folder / name)

    def start(self):
        async def stored():
            if isinstance(self.stored, Exception):
                raise self.stored
            return self.stored

        self.ring = SubscriberRing(load(self.environ), stored, lambda: self.at)
        return self

    async def secrets(self, name="crm"):
        self.at += LOOK
        return (await self.ring())[name].secrets


async def test_a_secret_in_a_file_of_its_own_is_changed_without_a_restart(tmp_path):
    (tmp_path / "hook").write_text(f"{ONE}\n")
    world = World(tmp_path, STAFETT_SECRET_HOOK_FILE=str(tmp_path / "hook")).start()
    assert await world.secrets() == (ONE,)
    world.put("hook", f"{TWO}\n")
    assert await world.secrets() == (TWO,)
    assert world.ring.state() == "ok"


async def test_a_secret_in_the_folders_env_is_changed_without_a_restart(tmp_path):
    (tmp_path / ".env").write_text(f"STAFETT_SECRET_HOOK={ONE}\n")
    world = World(tmp_path, STAFETT_SECRET_HOOK=ONE).start()
    world.put(".env", f"STAFETT_SECRET_HOOK={ONE}\n# the new one\nSTAFETT_SECRET_HOOK_2={TWO}\n")
    world.write("STAFETT_SECRET_HOOK_2, STAFETT_SECRET_HOOK")
    assert await world.secrets() == (TWO, ONE), "both are sent along for as long as both are named"
    (tmp_path / "third").write_text(ONE)
    world.put(".env", "STAFETT_SECRET_HOOK_2_FILE=third\n")
    world.write("STAFETT_SECRET_HOOK_2")
    assert await world.secrets() == (ONE,)


async def test_what_the_environment_says_is_not_changed_by_the_folders_env(tmp_path, monkeypatch):
    monkeypatch.setenv("STAFETT_SECRET_HOOK", ONE)
    world = World(tmp_path, STAFETT_SECRET_HOOK=ONE).start()
    world.put(".env", f"STAFETT_SECRET_HOOK={TWO}\n")
    assert await world.secrets() == (ONE,)


@pytest.mark.parametrize("broken", ["no base64!", "c2hvcnQ=", ""])
async def test_while_a_secret_or_the_file_cannot_be_used_those_of_before_go_on(tmp_path, broken, caplog):
    (tmp_path / "hook").write_text(ONE)
    world = World(tmp_path, STAFETT_SECRET_HOOK_FILE=str(tmp_path / "hook")).start()
    assert await world.secrets() == (ONE,)
    world.put("hook", broken)
    assert await world.secrets() == (ONE,)
    assert world.ring.state() != "ok"
    assert caplog.text.count("cannot be read, so those of before go on") == 1
    assert await world.secrets() == (ONE,) and caplog.text.count("cannot be read") == 1, "it is said once"
    (tmp_path / "hook").unlink()
    assert await world.secrets() == (ONE,)
    world.put("hook", TWO)
    assert (await world.secrets(), world.ring.state()) == ((TWO,), "ok")
    assert not any(secret in caplog.text for secret in (ONE, TWO, *([broken] if broken else [])))


async def test_subscriptions_come_and_go_with_the_file(tmp_path):
    world = World(tmp_path, STAFETT_SECRET_HOOK=ONE).start()
    world.write("STAFETT_SECRET_HOOK", "crm", "ops")
    assert await world.secrets("ops") == (ONE,)
    world.put("subscriptions.yaml", "version: 1\nsubscriptions: [\n")
    assert await world.secrets("ops") == (ONE,), "a file that is half written takes nobody off"
    world.write("STAFETT_SECRET_HOOK", "ops")
    assert await world.secrets("ops") == (ONE,) and list(await world.ring()) == ["ops"]


async def test_those_of_the_store_are_beside_those_of_the_file_which_go_first(tmp_path, caplog):
    world = World(tmp_path, STAFETT_SECRET_HOOK=ONE).start()
    (of_file,) = (await world.ring()).values()
    theirs = of_file.subscription.model_copy(update={"url": "https://other.example.com/"})
    world.stored = [Subscriber(theirs, (TWO,)), Subscriber(theirs.model_copy(update={"name": "ops"}), (TWO,))]
    assert (await world.secrets(), await world.secrets("ops")) == ((ONE,), (TWO,))
    assert caplog.text.count("has the name of one of the file") == 1
    world.stored = StoreUnavailable()
    assert await world.secrets("ops") == (TWO,), "while the store is away those of before go on"
    world.stored = []
    await world.secrets()
    assert list(await world.ring()) == ["crm"]


def test_a_start_says_what_is_wrong(tmp_path):
    with pytest.raises(SettingsError, match="STAFETT_SECRET_HOOK: is not set"):
        World(tmp_path).start()
