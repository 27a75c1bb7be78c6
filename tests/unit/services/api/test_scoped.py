"""Which sources a key sees."""

from types import SimpleNamespace

import pytest

from services.api.scoped import Scoped

BRANDS = {"web": "nordlys", "shop": "other"}


@pytest.mark.parametrize(
    ("brands", "seen"),
    [(None, {"web", "shop", "gone"}), (("nordlys",), {"web"}), (("nordlys", "other"), {"web", "shop"})],
)
def test_a_key_of_some_brands_sees_their_sources_alone(brands, seen):
    scoped, key = Scoped(None, BRANDS), SimpleNamespace(brands=brands)
    assert {name for name in ("web", "shop", "gone") if scoped.has_source(key, name)} == seen
