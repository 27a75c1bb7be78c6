"""Salesforce's paths: the version of its REST API that is spoken where nobody says another."""

from __future__ import annotations

from typing import Final

VERSION: Final = "v62.0"
"""Of October 2024. Salesforce keeps a version for three years at least."""
DATA: Final = f"/services/data/{VERSION}"
