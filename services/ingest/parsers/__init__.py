"""Parsers: a raw body in, facts out; nothing is decided here.

Imported by: bootstrap, cli and configured.
Open first: `registry.py`, then one short platform, `platforms/typeform.py`.
"""
