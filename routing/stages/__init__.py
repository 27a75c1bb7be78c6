"""The lifecycle's table carried out: which row fits, what a stage asks of the agreement, holds, deals closed, limbo and wakes.

Imported by: decide, judging, upkeep and the services.
Open first: `moving.py`, then `readiness.py`.
"""
