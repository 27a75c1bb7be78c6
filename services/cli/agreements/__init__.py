"""`stafett agreement ...`: check, publish, approve, show, withdraw.

Imported by: `services.cli.main`.
Open first: `agreement.py`.
"""
