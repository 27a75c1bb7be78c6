"""The sections of the report, one file for those that belong together: each makes tables of a sheet's figures.

Imported by: report.
Open first: `process.py`.
"""
