"""The router: the only writer of leads, clocks and ledgers. A batch of signals is one transaction.

Imported by: bootstrap and cli.
Open first: `role.py`, then `transaction.py`, then `deciding/batch_decider.py`: one batch is followed through these three.
"""
