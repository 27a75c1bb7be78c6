"""The role `ingest`: a webhook verified, read and appended; only then answered."""
