"""HubSpot's dated paths."""

import pytest

from services.outbound.hubspot_paths import record_path


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({}, "/crm/objects/2026-09/deals/21"),
        ({"properties": ("email", "phone")}, "/crm/objects/2026-09/deals/21?properties=email,phone"),
        (
            {"properties": ("dealstage",), "associations": ("notes", "tasks")},
            "/crm/objects/2026-09/deals/21?properties=dealstage&associations=notes,tasks",
        ),
        ({"unique": "stafett_handover_id"}, "/crm/objects/2026-09/deals/21?idProperty=stafett_handover_id"),
        ({"properties": ("a&b",)}, "/crm/objects/2026-09/deals/21?properties=a%26b"),
    ],
)
def test_a_record_is_asked_for_with_its_properties_and_what_is_associated_with_it(asked, path):
    assert record_path("deals", "21", **asked) == path
