"""Promises kept or broken: clocks, the verdict on each, volume promises, and the events that tell of them.

Imported by: nurturing, assignment, handover, escalation, stages, upkeep and judging.
Open first: `clocks.py`, then `verdict.py`.
"""
