"""The role `ingest`: a webhook verified, read and appended; only then answered.

Imported by: bootstrap and cli.
Open first: `app.py`.
"""
