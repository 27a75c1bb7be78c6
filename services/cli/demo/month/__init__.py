"""A month at a made-up company, for the page of the demo: webhooks into the real ingest, decided by the real router, while the time
is the story's and not the machine's.

Imported by: page.
Open first: `world.py`, then `company.py`.
"""
