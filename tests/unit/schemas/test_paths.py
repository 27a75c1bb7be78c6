"""Paths in events lead to the API as it is served."""

import pytest

from schemas import paths
from services.bootstrap.api import document

SERVED = document()["paths"]


@pytest.mark.parametrize(
    "path",
    [paths.of_lead("{lead_id}"), paths.of_lead_explanation("{lead_id}"), paths.of_clock_explanation("{clock_id}")],
)
def test_a_path_is_one_that_the_api_answers(path):
    assert "get" in SERVED[path]


def test_a_path_is_below_the_public_url_where_there_is_one():
    path = paths.of_lead("lead_1")
    assert paths.under("https://leads.example.com", path) == "https://leads.example.com/v1/leads/lead_1"
    assert paths.under("https://example.com/stafett/", path) == "https://example.com/stafett/v1/leads/lead_1"
    assert paths.under(None, path) == path
