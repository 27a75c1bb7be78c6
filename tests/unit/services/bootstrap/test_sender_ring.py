"""What proves a sender is replaced under a running process; everything else of a source waits for the next start."""

import pytest

from services.bootstrap.http import sources_of
from services.bootstrap.senders import LOOK, SenderRing
from services.settings import SettingsError, load

ONE, TWO = "first-secret-of-a-sender", "second-secret-of-a-sender"
SOURCE = "  - {{name: {name}, kind: {kind}, verify: {{scheme: token, header: x-key, secrets: [{secrets}]}}}}\n"


class World:
    def __init__(self, folder):
        self.folder, self.at = folder, 0.0
        self.put(".env", f"STAFETT_SECRET_ONE={ONE}\nSTAFETT_SECRET_TWO={TWO}\n")
        self.write("STAFETT_SECRET_ONE")

    def write(self, secrets, name="crm", kind="generic"):
        self.put("sources.yaml", "version: 1\nsources:\n" + SOURCE.format(name=name, kind=kind, secrets=secrets))

    def put(self, name, text):
        (self.folder / f"{name}.new").write_text(text)
        (self.folder / f"{name}.new").replace(self.folder / name)

    def start(self):
        environ = {"STAFETT_CONFIG_FOLDER": str(self.folder), "STAFETT_SECRET_ONE": ONE, "STAFETT_SECRET_TWO": TWO}
        self.ring = SenderRing(load(environ), sources_of, lambda: self.at)
        return self

    def crm(self):
        self.at += LOOK
        return self.ring["crm"]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path).start()


def test_two_secrets_prove_a_sender_while_one_is_replaced_by_the_other(world):
    assert world.crm().secrets == (ONE,)
    world.write("STAFETT_SECRET_TWO, STAFETT_SECRET_ONE")
    assert world.crm().secrets == (TWO, ONE)
    world.write("STAFETT_SECRET_TWO")
    assert world.crm().secrets == (TWO,)
    assert world.crm().source.verify.secrets == ("STAFETT_SECRET_TWO",)


def test_a_new_value_of_the_same_name_proves_a_second_later(world):
    world.put(".env", f"STAFETT_SECRET_ONE={TWO}\n")
    assert world.crm().secrets == (TWO,)


@pytest.mark.parametrize("secrets", ["STAFETT_SECRET_MISSING", "not a list"])
def test_a_file_that_cannot_be_used_leaves_the_secrets_of_before(world, secrets):
    world.write(secrets)
    assert world.crm().secrets == (ONE,)
    assert world.ring.state() in {"SettingsError", "FileError"}
    world.write("STAFETT_SECRET_TWO")
    assert world.crm().secrets == (TWO,)
    assert world.ring.state() == "ok"


def test_another_kind_waits_for_the_next_start_and_the_secret_does_not(world, caplog):
    world.write("STAFETT_SECRET_TWO", kind="segment")
    assert (world.crm().source.kind, world.crm().secrets) == ("generic", (TWO,))
    assert "begin again" in caplog.text


def test_a_source_that_is_gone_or_new_waits_for_the_next_start(world, caplog):
    world.write("STAFETT_SECRET_TWO", name="another")
    assert world.crm().secrets == (ONE,)
    assert set(world.ring) == {"crm"}
    assert "begin again" in caplog.text


def test_a_start_refuses_what_cannot_be_used(tmp_path):
    world = World(tmp_path)
    world.write("STAFETT_SECRET_MISSING")
    with pytest.raises(SettingsError):
        world.start()


@pytest.mark.parametrize("text", ["", "STAFETT_SECRET_ONE=\n", "STAFETT_SECRET_TWO=x\n"])
def test_a_secret_that_the_folders_env_gives_no_more_does_not_become_that_of_the_start(world, text):
    world.put(".env", f"STAFETT_SECRET_ONE={TWO}\n")
    assert world.crm().secrets == (TWO,)
    world.put(".env", text)
    assert world.crm().secrets == (TWO,), "the one of the start was replaced, and proves nobody any more"
    assert world.ring.state() == "SettingsError"


def test_the_file_of_a_secret_that_nobody_names_any_more_may_go(tmp_path):
    world = World(tmp_path)
    world.put("first", ONE)
    world.put("second", TWO)
    world.put(".env", "STAFETT_SECRET_ONE_FILE=first\nSTAFETT_SECRET_TWO_FILE=second\n")
    world.start()
    world.write("STAFETT_SECRET_TWO")
    (tmp_path / "first").unlink()
    assert (world.crm().secrets, world.ring.state()) == ((TWO,), "ok")
    world.put("second", "third-secret-of-a-sender")
    assert world.crm().secrets == ("third-secret-of-a-sender",)


def test_a_secret_whose_file_comes_later_is_read_when_it_is_there(world):
    world.put(".env", "STAFETT_SECRET_TWO_FILE=later\n")
    world.write("STAFETT_SECRET_TWO")
    assert (world.crm().secrets, world.ring.state()) == ((ONE,), "SettingsError")
    world.put("later", TWO)
    assert (world.crm().secrets, world.ring.state()) == ((TWO,), "ok")


def test_a_fault_is_logged_once_while_it_stays(world, caplog):
    world.write("STAFETT_SECRET_MISSING")
    for _ in range(3):
        world.crm()
    assert caplog.text.count("those of before go on") == 1


def test_another_way_to_prove_waits_for_the_next_start_with_its_secret(world, caplog):
    world.put(
        "sources.yaml", (world.folder / "sources.yaml").read_text().replace("x-key", "x-other").replace("ONE", "TWO")
    )
    assert (world.crm().source.verify.header, world.crm().secrets) == ("x-key", (ONE,))
    assert "begin again" in caplog.text
