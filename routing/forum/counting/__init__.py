"""What each lead adds to the forum's figures, one file a subject; nothing here looks at two leads.

Imported by: counts and sections.
Open first: `flow.py`.
"""
