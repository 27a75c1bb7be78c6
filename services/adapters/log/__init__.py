"""The log: embedded in the store, or Apache Kafka.

Imported by: bootstrap and kafka_admin.
Open first: `local.py`; `kafka.py` keeps the same contract.
"""
