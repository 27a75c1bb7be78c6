"""The ONE composition root: from settings to a running process. The URLs' schemes pick the adapters, here and nowhere
else.

Nothing is imported here: `parts` is all that most commands need, and `running`, with every role, takes longer to load than
they take to run.

Imported by: cli.
Open first: `parts.py` (what is made), then `running.py` (what runs).
"""
