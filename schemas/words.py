"""Small types that several files share: a name as people write it, and the text of an expression."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Expression = Annotated[str, Field(min_length=1, max_length=4000)]
