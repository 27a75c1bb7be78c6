"""A real part cannot be had: says what to do. Tests fail with it, they never skip."""


class PartMissing(RuntimeError):
    pass
