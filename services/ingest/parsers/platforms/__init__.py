"""One file a kind of source: platforms, plain forms, and our own JSON.

Imported by: `services.ingest.parsers` and fetching.
Open first: any; `typeform.py` is short.
"""
