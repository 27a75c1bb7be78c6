"""What was not understood: kept once, without secrets, for somebody to look at.

Imported by: ingest.
Open first: `aside.py`.
"""
