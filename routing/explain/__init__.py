"""Why, in words: a lead's stage and owner, a clock's intervals, a choice and the smallest change that would have turned it.

Imported by: the services.
Open first: `lead.py`.
"""
