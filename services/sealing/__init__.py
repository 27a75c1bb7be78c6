"""Personal parts that are sealed before they go to a topic, and opened again: AES-256-GCM with keys that the store keeps.

Imported by: adapters, cli, persons, ports and relay.
Open first: `boxes.py`.
"""
