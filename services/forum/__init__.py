"""The forum's report: read from the store, and shown as JSON, HTML, text, CSV, PDF and mail.

Imported by: alerts, api, bootstrap, cli and console.
Open first: `reports.py`, then `view.py`.
"""
