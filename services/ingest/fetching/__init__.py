"""What a thin webhook leaves out, asked of the sender's API: `asking` asks, a file per vendor says what.

Imported by: bootstrap and enrich.
Open first: `asking.py`, then `fetcher.py`.
"""

from services.ingest.fetching.asking import Gone, Later, Refused
from services.ingest.fetching.fetcher import Fetcher

__all__ = ["Fetcher", "Gone", "Later", "Refused"]
