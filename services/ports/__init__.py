"""What the roles need of the outside, as Protocols, with the rows and errors that go over them.

The roles import it, the adapters fulfil it; it knows neither. Import from the modules.

Imported by: adapters, alerts, api, bootstrap, cli, console, delivery, forum, ingest, kafka_admin, loops, persons, relay, router, rules,
sinks and sla.
Open first: `store.py`, then `log.py`.
"""
