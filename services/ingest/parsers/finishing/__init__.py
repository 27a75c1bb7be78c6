"""What is done to the facts of every kind after its own parser.

Imported by: `services.ingest.parsers`.
Open first: `finishing.py`.
"""
