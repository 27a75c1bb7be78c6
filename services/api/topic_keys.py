"""The keys by which consumers of Kafka's topics open what is personal of events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from schemas.persons import LONGEST_NAME, TopicKeys
from services.api.access import Access, Key, route
from services.persons.desk import PersonDesk

MOST = 100
"""Keys of one request: their names have to fit into a line of an address."""


def add_topic_keys(router: APIRouter, access: Access, desk: PersonDesk) -> None:
    """`GET /v1/persons/keys`."""

    @route(
        router,
        "/persons/keys",
        scope="persons:keys",
        operation="listTopicKeys",
        tag="persons",
        summary="List keys of sealed events",
    )
    async def keys(
        response: Response,
        key: Annotated[
            list[Annotated[str, Query(max_length=LONGEST_NAME)]],
            Query(
                description="Names of keys, as `data.sealed.key` of events has them; the parameter once for each.",
                examples=[["lead_ts5bb7tmp3fqo3w4rhkrwxyfbe.1f0c2a9b"]],
                min_length=1,
                max_length=MOST,
            ),
        ],
        asker: Key = access.needs("persons:keys"),
    ) -> TopicKeys:
        """Each with its secret, or why there is none: `erased` for good, `unknown` here. Ask once a minute for those that you still
        use: after an erasure nobody opens what the topics still have of the person. Each asking is noted with the key's name."""
        response.headers["cache-control"] = "no-store"
        return TopicKeys(keys=await desk.topic_keys(key, asker.brands))
