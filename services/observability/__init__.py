"""What operators see: log lines by an allow-list, metrics of closed labels, signs of life, and which version decided.

Imported by: api, bootstrap, cli, delivery, ingest, ports, privacy and router.
Open first: `metrics.py`.
"""
