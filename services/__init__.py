"""Everything that touches the world: roles, adapters, settings, the composition root and the command line.

Imported by: bootstrap and observability.
Open first: `bootstrap/running.py`, which starts the roles.
"""

__version__ = "0.2.0"
"""Of the release. The package takes it from here, so that a checkout that was never installed knows it too."""
