"""What is in force: the agreement and the roster that rule now, what is published for when, who approved it.

Imported by: alerts, api, bootstrap, cli, console, forum, router and sla.
Open first: `ruling.py`.
"""
