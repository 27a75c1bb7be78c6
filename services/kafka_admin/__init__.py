"""Kafka's topics and rights: planned, made, compared with what is there.

Imported by: cli.
Open first: `topics.py`.
"""
