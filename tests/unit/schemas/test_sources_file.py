"""Mistakes in the sources file are named with the line that they stand on."""

import pytest

from schemas.yamlfile import FileError
from services.bootstrap.http import sources_of
from services.settings.reading import load

GOOD = """version: 1
sources:
  - {name: web, kind: form, verify: {scheme: none}}
"""


def read(tmp_path, text):
    (tmp_path / "sources.yaml").write_text(text)
    return sources_of(load({"STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_DEPLOYMENT_KEY": "k" * 64}))


def refused(tmp_path, text):
    with pytest.raises(FileError) as error:
        read(tmp_path, text)
    return error.value.problems[0].partition("sources.yaml")[2]


def test_a_sound_file_is_read(tmp_path):
    assert list(read(tmp_path, GOOD)) == ["web"]


def test_an_unknown_kind_is_named_with_its_line_and_the_likely_one(tmp_path):
    said = refused(tmp_path, GOOD + "  - name: crm\n    kind: hubspott\n    verify: {scheme: none}\n")
    assert said.startswith(":5: sources.1.kind: unknown kind") and "hubspot" in said


def test_a_condition_that_does_not_compile_is_named_with_its_mapping_s_line(tmp_path):
    text = GOOD + (
        "  - name: other\n    kind: generic\n    verify: {scheme: none}\n"
        "    mapping:\n      rules:\n        - {when: 'body.a ==', kind: form.submitted}\n"
    )
    assert refused(tmp_path, text).startswith(":7: sources.1.mapping: `body.a ==`")


def test_a_fetch_without_an_address_is_named_with_its_line(tmp_path):
    text = GOOD + "  - {name: sf, kind: salesforce, verify: {scheme: none}, fetch: {token: STAFETT_SECRET_SF}}\n"
    assert refused(tmp_path, text).startswith(":4: sources.1:") and "base_url" in refused(tmp_path, text)
