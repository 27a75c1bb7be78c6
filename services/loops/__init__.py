"""What every role's loop is made of: a bell that wakes it, a place to read on from, a watch that looks now and
then, a watchdog, and the time.

Imported by: alerts, bootstrap, cli, console, delivery, ingest, relay, router, sinks and sla.
Open first: `doorbell.py`.
"""
