"""The known shapes, in the order in which they are tried. A new one is a file beside this one and an entry here."""

from __future__ import annotations

from schemas.json_values import JsonObject
from services.ingest.parsers.reading.safely import Result
from services.ingest.parsers.shapes import amocrm, attio, bitrix24, calcom, copper, meta_messages, odoo, twilio, zoho

_SHAPES = (calcom, amocrm, bitrix24, attio, copper, zoho, twilio, meta_messages, odoo)


def read_known_shape(whole: JsonObject, body: bytes) -> Result | None:
    """The signals of a known shape; None for any other."""
    return next((shape.parse(whole, body) for shape in _SHAPES if shape.fits(whole)), None)
