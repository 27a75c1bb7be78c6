"""Bodies of platforms that have no kind of their own, recognised by their keys.

Imported by: platforms.
Open first: `known_shapes.py`.
"""
