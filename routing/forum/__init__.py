"""The weekly forum: the events and signals of each lead become counts, and the counts become the report's figures.

Imported by: counting and sections.
Open first: `report.py`, then `counting/__init__.py`.
"""
