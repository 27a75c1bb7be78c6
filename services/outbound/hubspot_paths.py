"""HubSpot's paths: the one dated version of its API that is spoken here.

A version works for 18 months from the date in its name; the paths without a date (`/crm/v3`) end in September 2027. Dated paths are not
the older ones with another number: 2026-09 lists what belongs to a record as part of the record, and has no GET of associations.

Source: HubSpot's migration guide for date-based versions, and its changelog.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

VERSION: Final = "2026-09"
OBJECTS: Final = f"/crm/objects/{VERSION}"


def record_path(
    noun: str, segment: str, *, unique: str = "", properties: Iterable[str] = (), associations: Iterable[str] = ()
) -> str:
    """The path that answers a record with these properties (those that HubSpot chooses where none is named) and with the ids of what is
    associated with it, by plural nouns. `segment` is the record's id as it may stand in a path, escaped by the caller; or the value of the
    property `unique`, where it is named.
    """
    lists = {"properties": ",".join(properties), "associations": ",".join(associations), "idProperty": unique}
    query = urlencode({name: names for name, names in lists.items() if names}, safe=",")
    return f"{OBJECTS}/{noun}/{segment}" + (f"?{query}" if query else "")
