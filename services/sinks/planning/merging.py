"""What a merge of two leads does to their records: links alone. The CRM's own merge is never asked for, since nobody could take it back. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.events import LeadMerged
from services.ports.sinks import SinkRecord
from services.sinks.planning.operations import Link
from services.sinks.records import Key


def merge_plan(data: LeadMerged, gone: Sequence[SinkRecord]) -> tuple[Link, ...]:
    """The opportunities of the lead that is gone are linked with the contact of the one that is kept, so that whoever stands before that
    contact sees all of it. `gone` are the records of the former; what is over, or was never made, stays as it is."""
    contact = Key("contact", data.kept)
    open_ones = [r.key for r in gone if r.kind == "opportunity" and r.state == "present" and not r.is_over]
    return tuple(Link(f"link_merged_{key}"[:200], Key("opportunity", key), contact) for key in open_ones)
