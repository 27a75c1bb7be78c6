"""A batch decided in memory, signal by signal, and what it comes to as rows. Nothing here touches the world.

Imported by: look_up, pipeline, role, ruling_in_store and transaction.
Open first: `batch_decider.py`, then `step.py` and `one_lead.py`.
"""
