"""What happens to a lead beside its way through the stages: merged, imported, disposed of, withdrawn before it was known.

Imported by: judging and decide.
Open first: `merging.py`.
"""
