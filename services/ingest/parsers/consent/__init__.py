"""Consent as fields and boxes state it, in the languages of those who make forms.

Imported by: platforms, finishing and configured.
Open first: `consents.py`.
"""
