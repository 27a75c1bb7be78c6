"""Facts without personal data: what may stand in an event, a log line or a reason.

Imported by: ingest and router.
Open first: `discretion.py`.
"""
