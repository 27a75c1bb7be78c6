"""What ends a command: the environment's faults in one clear line each; a defect of ours keeps its traceback."""

from __future__ import annotations


def failure_text(error: Exception) -> str | None:
    """What to tell the operator; None for a defect."""
    from sqlalchemy.exc import SQLAlchemyError

    from schemas.yamlfile import FileError
    from services.ports.errors import PortError
    from services.settings import SettingsError

    match error:
        case SettingsError() | FileError() | PortError():
            return str(error)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or type(error).__name__}"
        case SQLAlchemyError():
            return f"the store failed: {type(error).__name__}"
        case _:
            return None
