"""The log: embedded in the store, or Apache Kafka."""
