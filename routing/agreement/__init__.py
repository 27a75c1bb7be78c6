"""The agreement made ready: its expressions compiled, its references checked, its soundness judged, its definitions asked.

Imported by: every room that decides; it imports calendar, people and model.
Open first: `agreement.py`, then `definitions.py`.
"""
