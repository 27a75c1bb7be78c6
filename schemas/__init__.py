"""The published language: signals in, events out, HTTP bodies and the files that people write.

Imported by: events, http, sinks, the core and the services.
Open first: `signals.py` (what comes in), `events/` (what goes out), `agreement.py` (what both sides sign).
"""
