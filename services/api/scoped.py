"""What a key sees: the one way by which routes come to the store."""

from __future__ import annotations

from collections.abc import Mapping

from services.api.access import Key
from services.ports.reading import ApiReading, Reading


class Scoped:
    """`brands` is the brand of each configured source."""

    def __init__(self, reading: Reading, brands: Mapping[str, str]) -> None:
        self._reading, self._brands = reading, brands

    def has_source(self, key: Key, source: str) -> bool:
        """Whether the source is one of the key's brands."""
        return key.brands is None or self._brands.get(source) in key.brands

    def of(self, key: Key) -> ApiReading:
        """Everything, or the brands of the key alone, wherever it is asked."""
        if key.brands is None:
            return self._reading
        sources = [name for name, brand in self._brands.items() if brand in key.brands]
        return self._reading.within(key.brands, sources)
