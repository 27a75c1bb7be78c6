"""What a thin webhook leaves out, asked of the sender's API.

Imported by: bootstrap and enrich.
Open first: `fetcher.py`; `asking.py` sends the request, and a file per vendor says what to ask.
"""
