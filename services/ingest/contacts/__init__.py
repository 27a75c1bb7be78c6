"""Day one: tables of contacts, their columns and characters.

Imported by: cli.
Open first: `contacts.py`.
"""
