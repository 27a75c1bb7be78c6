"""Everything that touches the world: roles, adapters, settings, the composition root and the command line."""
