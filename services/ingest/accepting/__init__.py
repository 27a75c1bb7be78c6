"""Signals into the log, else into the spool, else not at all: what a 202 promises.

Imported by: app, bootstrap, cli, quarantine and reread.
Open first: `intake.py`.
"""
