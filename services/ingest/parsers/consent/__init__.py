"""Consent as fields and boxes state it, in the languages of those who make forms.

Imported by: configured, contacts, fetching, finishing and platforms.
Open first: `consents.py`.
"""
