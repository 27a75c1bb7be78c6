"""The role `alerts`: people are told of promises that are about to break or broken, by the channels of alerts.yaml.

Imported by: bootstrap and cli.
Open first: `role.py`, then `messages/building.py`; a channel is one file of `channels`.
"""
