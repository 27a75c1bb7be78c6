"""`stafett agreement ...`: check, publish, approve, show, withdraw.

Imported by: main.
Open first: `agreement.py`.
"""
