"""Adapters of the ports.

Imported by: nobody.
Open first: `sql/store.py` and `log/local.py`.
"""
