"""Signals into the log, else into the spool, else not at all: what a 202 promises.

Imported by: ingest, bootstrap and cli.
Open first: `intake.py`.
"""
