"""`stafett new`: a folder that teaches, and whose comments are true."""

import argparse
import os
import re

import pytest

from schemas.api_keys import KeysFile
from schemas.yamlfile import FileError
from schemas.yamlfile import load as load_file
from services.cli.main import main
from services.cli.support.environment import settings_of
from services.cli.support.modes import keep_private
from services.settings import Settings, load
from tests.setups import EXAMPLES


@pytest.fixture
def folder(tmp_path, capsys):
    assert main(["new", str(tmp_path / "mine")]) == 0
    return tmp_path / "mine"


def lines(folder, pattern):
    return dict(line.split("=", 1) for line in re.findall(pattern, (folder / ".env").read_text(), re.MULTILINE))


def test_the_main_settings_are_shown_with_the_values_that_are_in_force_anyway(folder):
    shown = lines(folder, r"^#(STAFETT_.*)$")
    assert shown["STAFETT_HTTP_PORT"] == "8080"
    assert shown["STAFETT_LOG_URL"] == "embedded:"
    assert load(shown).model_dump() == Settings().model_dump()
    said = lines(folder, r"^(STAFETT_.*)$")
    assert sorted(said) == ["STAFETT_DATABASE_URL", "STAFETT_DEPLOYMENT_KEY", "STAFETT_SECRET_CRM"]
    assert (folder / ".env").stat().st_mode & 0o077 == 0


def test_every_file_that_it_wrote_is_named_and_that_names_are_placeholders(tmp_path, capsys):
    assert main(["new", str(tmp_path / "mine")]) == 0
    written, *others = capsys.readouterr().out.splitlines()
    named = re.split(", | and ", written.removeprefix(f"{tmp_path}/mine: "))
    assert sorted(named) == sorted(path.stem for path in (tmp_path / "mine").iterdir())
    assert "organisation: nordlys" in (tmp_path / "mine" / "agreement.yaml").read_text()
    assert any("`nordlys`" in line and "placeholders" in line for line in others)


def test_what_comes_next_can_be_typed_as_it_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["new", str(tmp_path / "mine")]) == 0
    command = capsys.readouterr().out.splitlines()[-1].removeprefix("next: ").partition(" ")[0]
    assert os.access(command, os.X_OK)
    (tmp_path / "stafett").touch(mode=0o755)
    assert main(["new", str(tmp_path / "other")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"next: stafett up --config {tmp_path}/other"


def test_the_keys_keep_their_comments_and_have_the_first_key(folder):
    text = (folder / "api_keys.yaml").read_text()
    comments = [line for line in (EXAMPLES / "api_keys.yaml").read_text().splitlines() if line.startswith("#")]
    assert text.splitlines()[: len(comments)] == comments
    (entry,) = load_file(text, KeysFile, "api_keys.yaml").keys
    assert entry.name == "first"


def test_a_folder_with_something_in_it_is_left_alone(folder, capsys):
    before = (folder / ".env").read_text()
    assert main(["new", str(folder)]) == 2
    assert (folder / ".env").read_text() == before


def test_a_key_of_a_person_names_them_and_no_key_is_called_as_the_command_line_is(capsys):
    assert main(["apikey", "lena", "--scope", "commands:write", "--person", "lena"]) == 0
    entry = capsys.readouterr().out.partition("under `keys`:\n")[2]
    (key,) = load_file(f"version: 1\nkeys:\n{entry}", KeysFile, "api_keys.yaml").keys
    assert (key.name, key.person, key.scopes) == ("lena", "lena", ("commands:write",))
    with pytest.raises(FileError, match="choose another name"):
        load_file(f"version: 1\nkeys:\n{entry.replace('name: lena', 'name: operator')}", KeysFile, "api_keys.yaml")


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


def test_m6_the_folder_and_what_is_in_it_are_for_their_owner_alone(folder):
    assert {mode & 0o077 for mode in modes(folder).values()} == {0}
    before = os.umask(0o022)
    os.umask(before)
    assert before & 0o077 != 0o077, "the umask of who called is as it was"


def test_m6_the_database_is_made_for_its_owner_alone(folder):
    assert main(["db", "upgrade", "--config", str(folder)]) == 0
    made = [path for path in folder.iterdir() if path.name.startswith("stafett.db")]
    assert made and all(path.stat().st_mode & 0o077 == 0 for path in made)


def test_m6_files_that_others_could_read_are_closed_and_named(folder, capsys):
    (folder / "stafett.db").write_bytes(b"")
    (folder / "stafett.db").chmod(0o644)
    (folder / "api_keys.yaml").chmod(0o640)
    settings = settings_of(argparse.Namespace(config=folder))
    keep_private(settings)
    assert {mode & 0o077 for mode in modes(folder).values()} == {0}
    said = capsys.readouterr().err
    assert "others could read" in said and "stafett.db" in said and "api_keys.yaml" in said and ".env" not in said
    keep_private(settings)
    assert capsys.readouterr().err == ""
