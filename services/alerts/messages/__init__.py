"""What is said, in the reader's language and zone, before any channel's own form.

Imported by: acknowledging, bootstrap, channels and role.
Open first: `building.py`.
"""
