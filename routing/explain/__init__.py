"""Why, in words: a lead's stage and owner, a clock's intervals, a choice and the smallest change that would have turned it.

The words of why somebody, or a rule, was passed over are in `routing/people/hindrances.py`.
Imported by: the services.
Open first: `lead.py`.
"""
