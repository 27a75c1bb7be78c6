"""What rules: commands, the roster, the versions of the agreement."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from schemas.agreed import Withdrawal
from schemas.http.common import SIGNAL_ID, example
from schemas.json_values import JsonObject
from schemas.roster import Member, Pool
from schemas.words import Side


class CommandTaken(BaseModel):
    """The signal that the command became; `GET /v1/signals/{id}` tells what came of it."""

    model_config = example({"signal": SIGNAL_ID})
    signal: str


class RosterView(BaseModel):
    """The roster in force. `away` has the code of the reason for everybody who gets no lead now."""

    model_config = example(
        {
            "version": "9b1de0c2a1f04c77",
            "people": [{"id": "elin", "roles": ["sales"]}],
            "pools": [{"name": "field", "seats": [{"person": "elin", "weight": 1.0}]}],
            "away": {"elin": "absent"},
        }
    )
    version: str
    people: list[Member]
    pools: list[Pool]
    away: dict[str, str]


AGREEMENT_HASH = "0d5b7e2c91fa4e0b8a36c57d90e1f2a3b4c5d6e7f8091a2b3c4d5e6f70818283"
AGREEMENT_EXAMPLE: JsonObject = {
    "hash": AGREEMENT_HASH,
    "title": "Smarketing agreement 2027",
    "rules": "now",
    "effective_from": "2027-01-01T00:00:00Z",
    "published_at": "2026-12-18T14:02:11Z",
    "approvals": {"marketing": "lena", "sales": "maja"},
}
APPROVAL_EXAMPLE: JsonObject = {
    "hash": AGREEMENT_HASH,
    "side": "marketing",
    "person": "lena",
    "key": "lena",
    "reason": "as agreed on Monday",
    "approved_at": "2026-12-18T13:40:00Z",
}


class AgreementView(BaseModel):
    """A version of the agreement. The configured file, while nothing was published, has no instants and no approvals."""

    model_config = example(AGREEMENT_EXAMPLE)
    hash: str = Field(description="SHA-256 of the file.")
    title: str
    rules: Literal["before", "now", "later", "withdrawn"] = Field(
        description="Whether it decides signals that are received now; withdrawn before it took effect, it never did."
    )
    effective_from: AwareDatetime | None = Field(None, description="Signals received from then on are decided by it.")
    published_at: AwareDatetime | None = None
    approvals: dict[str, str] = Field({}, description="Who approved this hash, by side.")
    withdrawn: Withdrawal | None = None


class ApprovalView(BaseModel):
    """One side's approval of a version."""

    model_config = example(APPROVAL_EXAMPLE)
    hash: str
    side: Side
    person: str
    key: str = Field(description="The API key it was given with; `operator` where the operator typed it.")
    reason: str
    approved_at: AwareDatetime


class AgreementDetail(AgreementView):
    """A version with its text and its public holidays."""

    model_config = example(
        {
            **AGREEMENT_EXAMPLE,
            "text": "version: 1\norganisation: nordlys\n",
            "holidays": {"stockholm": {"2027-01-06": "Epiphany"}},
            "eves": {"stockholm": {"2027-01-05": "Epiphany"}},
            "given": [APPROVAL_EXAMPLE],
        }
    )
    text: str = Field(description="YAML, as it was approved.")
    holidays: dict[str, dict[date, str]] = Field(
        {},
        description="Public holidays of each calendar, as they were resolved when it was published: by day, with the name.",
    )
    eves: dict[str, dict[date, str]] = Field(
        {}, description="Days of each calendar that close early, by day, with the holiday that follows."
    )
    given: list[ApprovalView] = Field([], description="Every approval of this hash, oldest first.")


class AgreementList(BaseModel):
    """Versions in the order of their effect."""

    model_config = example({"agreements": [AGREEMENT_EXAMPLE], "pending": [APPROVAL_EXAMPLE]})
    agreements: list[AgreementView]
    pending: list[ApprovalView] = Field([], description="Approvals that wait for a publication, oldest first.")
