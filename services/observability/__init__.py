"""What operators see: log lines by an allow-list, metrics of closed labels, signs of life, and which version decided.

Imported by: alerts, api, bootstrap, cli, delivery, ingest, ports, privacy, router and sinks.
Open first: `metrics.py`.
"""
