"""Where the files are that are shipped but are not code: the same answer in a checkout and in an installed wheel."""

from pathlib import Path

_SERVICES = Path(__file__).resolve().parents[1]


class ResourceMissingError(RuntimeError):
    """A folder that belongs to the distribution is not there: the installation is broken."""


def examples_dir() -> Path:
    """The folder of the example agreement and its companions (`deploy/examples` of a checkout).

    Raises:
        ResourceMissingError: the installation carries no examples.
    """
    return _first_folder(_SERVICES / "examples", _SERVICES.parent / "deploy" / "examples")


def migrations_dir() -> Path:
    """The folder of Alembic's environment, which holds `env.py` and `versions/`.

    Raises:
        ResourceMissingError: the installation carries no migrations.
    """
    return _first_folder(_SERVICES.parent / "migrations")


def _first_folder(*candidates: Path) -> Path:
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise ResourceMissingError(f"none of these folders is there: {', '.join(map(str, candidates))}")
