"""The CRM sinks of the file, held against what their conditions may name."""

import pytest

from schemas.yamlfile import FileError
from services.bootstrap.own_users import own_users, targets_by_source
from services.bootstrap.sinks import sinks_of
from services.settings.reading import load

FILE = """\
version: 1
sinks:
- name: crm
  kind: hubspot
  mode: live
  secret: STAFETT_SECRET_HUBSPOT_KEY
  source: crm
  user: "7"
  app: "4711"
  when: company.employees >= 50
"""
SOURCES = """\
version: 1
sources:
- name: crm
  kind: hubspot
  verify: {scheme: hubspot, secrets: [STAFETT_SECRET_HS]}
"""


def settings(folder, text=FILE):
    (folder / "sinks.yaml").write_text(text)
    (folder / "sources.yaml").write_text(SOURCES)
    return load({"STAFETT_CONFIG_FOLDER": str(folder), "STAFETT_SECRET_HS": "s" * 32})


def test_a_condition_that_is_none_is_told_at_its_line(tmp_path):
    (sink,) = sinks_of(settings(tmp_path))
    assert sink.when == "company.employees >= 50"
    with pytest.raises(FileError, match=r"sinks.yaml:10: sinks.0.when: at 1:8: `company.size` is not known"):
        sinks_of(settings(tmp_path, FILE.replace("employees", "size")))


def test_who_we_write_as_is_known_by_the_source_with_what_writes_there(tmp_path):
    made = settings(tmp_path)
    assert own_users(made) == {"crm": (("7",), ("4711",))}
    assert targets_by_source(made) == {"crm": ("sink/crm",)}
    assert targets_by_source(settings(tmp_path, FILE.replace("live", "dry_run"))) == {}
