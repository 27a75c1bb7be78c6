"""Routes for whoever asks what was agreed, and when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from schemas.http import AGREEMENT_HASH, AgreementDetail, AgreementList
from services.api.access import Access, Key, route
from services.api.views import storable
from services.door.problems import Trouble
from services.rules.versions import Versions

Digest = Annotated[
    str, Path(description="The version's hash, or its first 12 digits.", examples=[AGREEMENT_HASH], max_length=64)
]


def add_agreements(router: APIRouter, access: Access, versions: Versions) -> None:
    @route(
        router,
        "/agreements",
        scope="leads:read",
        operation="listAgreements",
        tag="operations",
        summary="List the agreement's versions",
    )
    async def agreements(_: Key = access.needs("leads:read")) -> AgreementList:
        """What ruled when, who approved it, what rules now and what is to come; which approvals wait."""
        return AgreementList(agreements=await versions.all(), pending=await versions.pending())

    @route(
        router,
        "/agreements/{digest}",
        "not_found",
        scope="leads:read",
        operation="getAgreement",
        tag="operations",
        summary="Show a version of the agreement",
    )
    async def agreement(digest: Digest, _: Key = access.needs("leads:read")) -> AgreementDetail:
        """The file as both sides approved it, byte for byte; events name it in `agreementversion`."""
        found = await versions.one(storable(digest))
        if found is None:
            raise Trouble("not_found", "there is no such version of the agreement")
        return found
