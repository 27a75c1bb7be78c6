"""A folder that `stafett new` made holds all that is its own: moved or copied, it works on its own data or says why not."""

import argparse
import shutil
import sqlite3

import pytest

from schemas.yamlfile import FileError
from services.adapters.sql.claims import mark_in_use, refuse_if_torn, was_copied_while_in_use
from services.cli.main import main
from services.cli.support.environment import settings_of
from services.ports.errors import StoreUnavailable


@pytest.fixture
def folder(tmp_path, capsys, monkeypatch):
    for name in ("STAFETT_DATABASE_URL", "STAFETT_CONFIG_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    assert main(["new", str(tmp_path / "mine")]) == 0
    return tmp_path / "mine"


def database(folder):
    return settings_of(argparse.Namespace(config=folder)).database_url.partition(":///")[2]


def write_database(folder, line):
    env = folder / ".env"
    env.write_text(env.read_text().replace("STAFETT_DATABASE_URL=sqlite:///stafett.db", line))


def test_no_file_of_a_new_folder_names_where_it_is(folder):
    assert not [file.name for file in folder.iterdir() if str(folder.parent) in file.read_text()]
    assert database(folder) == f"{folder}/stafett.db"


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree])
def test_a_moved_or_copied_folder_has_its_own_database_wherever_it_is_named_from(folder, tmp_path, monkeypatch, move):
    move(str(folder), str(tmp_path / "there"))
    assert database(tmp_path / "there") == f"{tmp_path}/there/stafett.db"
    monkeypatch.chdir(tmp_path)
    assert database(argparse.Namespace(config=tmp_path).config / "there") == f"{tmp_path}/there/stafett.db"
    monkeypatch.chdir(tmp_path / "there")
    from pathlib import Path

    assert database(Path()) == f"{tmp_path}/there/stafett.db"


def test_a_folder_of_before_that_was_moved_says_what_to_write(folder, tmp_path):
    write_database(folder, f"STAFETT_DATABASE_URL=sqlite:///{tmp_path}/gone/stafett.db")
    with pytest.raises(FileError, match=r"no such folder; if this one was moved, write sqlite:///stafett\.db"):
        database(folder)


def test_a_copy_of_a_folder_of_before_does_not_write_into_the_first(folder, tmp_path):
    write_database(folder, f"STAFETT_DATABASE_URL=sqlite:///{folder}/stafett.db")
    assert database(folder) == f"{folder}/stafett.db"
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(FileError, match=r"database of another folder, .*/mine; if this one is a copy of it, write "):
        database(tmp_path / "copy")


def test_a_database_elsewhere_stays_there(folder, tmp_path):
    (tmp_path / "data").mkdir()
    write_database(folder, f"STAFETT_DATABASE_URL=sqlite:///{tmp_path}/data/s.db?timeout=5")
    assert database(folder) == f"{tmp_path}/data/s.db?timeout=5"


def test_a_relative_path_that_meant_another_file_is_refused_before_an_empty_one_is_made(folder, tmp_path, monkeypatch):
    (tmp_path / "stafett.db").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match="there is a file from where you are"):
        database(folder)


def test_the_environment_is_above_the_file_and_means_what_it_says(folder, monkeypatch):
    monkeypatch.setenv("STAFETT_DATABASE_URL", "sqlite:///./other.db")
    assert database(folder) == "./other.db"


def test_a_secret_in_a_file_is_found_in_the_folder(folder):
    (folder / "crm.key").write_text("whsec_" + "a" * 43 + "=\n")
    env = folder / ".env"
    env.write_text(
        env.read_text().replace("STAFETT_SECRET_CRM=", "#").replace("#whsec", "#")
        + "\nSTAFETT_SECRET_CRM_FILE=crm.key\n"
    )
    assert settings_of(argparse.Namespace(config=folder)).secrets["CRM"].get_secret_value().startswith("whsec_aaa")


def test_a_lock_file_tells_a_copy_of_one_in_use_from_a_start_after_kill_9(tmp_path):
    with (tmp_path / "a.lock").open("a+b") as lock:
        assert not was_copied_while_in_use(lock)
        mark_in_use(lock)
        assert not was_copied_while_in_use(lock)
        shutil.copy(tmp_path / "a.lock", tmp_path / "b.lock")
        lock.truncate(0)
        shutil.copy(tmp_path / "a.lock", tmp_path / "c.lock")
    for name, copied in (("b.lock", True), ("c.lock", False)):
        with (tmp_path / name).open("a+b") as lock:
            assert was_copied_while_in_use(lock) is copied


def test_a_torn_copy_is_refused_and_a_whole_one_taken(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as made:
        made.execute("CREATE TABLE t (x)")
        made.executemany("INSERT INTO t VALUES (?)", [("y" * 900,)] * 200)
    made.close()
    refuse_if_torn(tmp_path / "a.db")
    whole = (tmp_path / "a.db").read_bytes()
    (tmp_path / "b.db").write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])
    with pytest.raises(StoreUnavailable, match="the copy is torn; stop Stafett and copy it again"):
        refuse_if_torn(tmp_path / "b.db")


def test_what_the_environment_gives_by_a_file_rules_over_the_folder(folder, tmp_path, monkeypatch):
    secret = tmp_path / "url"
    secret.write_text(f"sqlite:///{tmp_path}/elsewhere.db\n")
    monkeypatch.setenv("STAFETT_DATABASE_URL_FILE", str(secret))
    assert database(folder) == f"{tmp_path}/elsewhere.db"
