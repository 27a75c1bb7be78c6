"""The screen People: what each of them carries, what became of their promises, who is away, and whose turn is how far.

Imported by: screens.
Open first: `screen.py`.
"""
