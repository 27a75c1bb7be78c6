"""The role `console`: the reading API."""
