"""The weekly forum: the events and signals of each lead become counts, and the counts become the report's figures.

Imported by: counting, sections and the services.
Open first: `report.py`, then `counting/__init__.py`.
"""
