"""The marketing sinks of the file, held against the sources."""

import pytest

from schemas.yamlfile import FileError
from services.bootstrap.marketing import marketing_sinks_of
from services.settings.reading import load

SINK = """\
version: 1
marketing:
  - name: mail
    kind: mautic
    base_url: https://mautic.example.com
    login: stafett
    secret: STAFETT_SECRET_MAUTIC
"""
SOURCES = """\
version: 1
sources:
  - name: ma
    kind: mautic
    verify: {scheme: hmac, header: Webhook-Signature, encoding: base64, secrets: [STAFETT_SECRET_MA]}
"""


def settings(folder, sinks, sources=SOURCES):
    (folder / "sinks.yaml").write_text(sinks)
    (folder / "sources.yaml").write_text(sources)
    return load({"STAFETT_CONFIG_FOLDER": str(folder), "STAFETT_SECRET_MA": "s" * 32})


def test_without_a_file_there_is_none(tmp_path):
    assert marketing_sinks_of(load({"STAFETT_CONFIG_FOLDER": str(tmp_path)})) == []


def test_a_source_that_is_not_there_is_told_at_its_line(tmp_path):
    text = SINK + "    suppression: {segment: '1'}\n    source: mautic\n"
    with pytest.raises(
        FileError, match=r"sinks.yaml:9: marketing.0.source: `mautic` is no source of sources.yaml \(ma\)"
    ):
        marketing_sinks_of(settings(tmp_path, text))
    (sink,) = marketing_sinks_of(settings(tmp_path, text.replace("source: mautic", "source: ma")))
    assert sink.source == "ma"


def test_a_do_not_contact_of_ours_is_refused_where_mautics_webhooks_would_bring_it_back_as_the_persons(tmp_path):
    text = SINK + "    suppression: {segment: '1', hard: true}\n"
    with pytest.raises(
        FileError, match=r"sinks.yaml:8: marketing.0.suppression.hard: Mautic's webhooks .* \(source ma\)"
    ):
        marketing_sinks_of(settings(tmp_path, text))
    (sink,) = marketing_sinks_of(settings(tmp_path, text, "version: 1\nsources: []\n"))
    assert sink.suppression.hard
