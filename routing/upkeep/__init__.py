"""What happens to a lead beside its way through the stages: merged, imported, disposed of, withdrawn before it was known.

Imported by: decide, judging and the services.
Open first: `merging.py`.
"""
