"""The ONE composition root: from settings to a running process. The URLs' schemes pick the adapters, here and nowhere
else."""

from services.bootstrap.parts import Parts, parts_of
from services.bootstrap.running import ROLES, run_roles

__all__ = ["ROLES", "Parts", "parts_of", "run_roles"]
