"""One file a kind of source: platforms, plain forms, and our own JSON.

Imported by: app, by_get, configured, fetching and registry.
Open first: any; `typeform.py` is short.
"""
