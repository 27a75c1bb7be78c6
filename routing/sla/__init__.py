"""Promises kept or broken: clocks, the verdict on each, volume promises, and the events that tell of them.

Imported by: assignment, decide, escalation, explain, handover, judging, nurturing, stages, upkeep and the services.
Open first: `clocks.py`, then `verdict.py`.
"""
