"""The words of the page, in the reader's language and zone.

Imported by: answering, board, console, lead, navigation, refusals and rendering.
Open first: `reader.py`, then `vocabulary.py`; `catalogues/` has the translations.
"""
