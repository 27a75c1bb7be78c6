"""Whose automated mail has to stop, and for how long: what the agreement says of it beside `exempt_lists`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from schemas.duration import Target, parse_target
from schemas.yamlfile import FileModel

ALL_PURPOSES = frozenset({"all", "any", "everything", "general"})
"""Purposes by which senders mean every one."""


class Suppression(FileModel):
    """`dialogue_ends`: so long after the last step or answer a dialogue before the hand-over is over. `mail_purposes`:
    the consents without which no automated mail goes out, by the names that your systems give them."""

    dialogue_ends: Target = parse_target("30d elapsed")
    mail_purposes: Annotated[tuple[str, ...], Field(min_length=1)] = ("email", "marketing", "newsletter")

    @field_validator("dialogue_ends")
    @classmethod
    def _is_elapsed(cls, value: Target) -> Target:
        if value.kind != "elapsed":
            raise ValueError("say elapsed time, for example `30d elapsed`")
        return value

    def stops_mail(self, purpose: str) -> bool:
        """Whether a withdrawal of this purpose stops automated mail."""
        plain = purpose.strip().casefold()
        return plain in ALL_PURPOSES or plain in {name.strip().casefold() for name in self.mail_purposes}
