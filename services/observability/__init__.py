"""What operators see: log lines by an allow-list, metrics of closed labels, signs of life, and which version decided.

Imported by: every room.
Open first: `metrics.py`.
"""
