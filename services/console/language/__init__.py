"""The words of the page, in the reader's language and zone.

Imported by: agreement, board, console, flow, forum, lead, navigation, people, plumbing, refusals, rendering, signing_in and
troubles.
Open first: `reader.py`, then `vocabulary.py`; `catalogues/` has the translations.
"""
