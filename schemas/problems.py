"""RFC 9457 problems: every error of the HTTP API, by a code that never changes."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """What a problem of this code is: `title` never changes, `meaning` says what to do, `example` is a `detail`."""

    status: int
    title: str
    meaning: str
    example: str


KINDS: dict[str, Kind] = {
    "no_key": Kind(401, "An API key is needed", "No known key was sent as `Authorization: Bearer KEY`.", "send a key"),
    "no_scope": Kind(
        403,
        "The key may not do this",
        "The key has not the scope of this operation.",
        "this key has no scope ops:write",
    ),
    "no_session": Kind(
        401,
        "Nobody is signed in",
        "The page is for people who are signed in; programs use /v1 with an API key.",
        "sign in with a browser; programs use /v1 with an API key",
    ),
    "link_over": Kind(
        403,
        "The link is over",
        "A link that signs somebody in works once, for a few minutes; `stafett link` prints another.",
        "this link was used, or is too old",
    ),
    "no_person": Kind(
        403,
        "Nobody of the roster",
        "Who signed in is not in the roster, or left; a manager can add them.",
        "whoever signed in is not in the roster",
    ),
    "not_yours": Kind(
        403,
        "Not yours to see",
        "The page is for others: of another role.",
        "this page is for managers",
    ),
    "sign_in_failed": Kind(
        400,
        "Signing in did not work",
        "The sign-in provider's answer does not fit what was asked, or was used before; start again.",
        "the answer of the sign-in provider was used before",
    ),
    "provider_away": Kind(
        503,
        "The sign-in provider is away",
        "It does not answer, or not as OpenID Connect has it; try again.",
        "the sign-in provider does not answer",
    ),
    "cross_site": Kind(
        403,
        "Not asked for by the page",
        "The request does not prove that a page of this installation made it; nothing was done.",
        "another site asks",
    ),
    "not_verified": Kind(
        401, "Not verified", "The delivery's proof is missing, wrong or too old.", "the delivery's proof is stale"
    ),
    "not_found": Kind(404, "Not found", "There is nothing of this id, or no such path.", "there is no such lead"),
    "no_source": Kind(
        404, "No such source", "No source of this name is configured.", "no source of this name is configured"
    ),
    "method": Kind(405, "Method not allowed", "The path is there, but not with this method.", "method not allowed"),
    "too_slow": Kind(
        408, "Too slow", "The body did not arrive in time; send it again.", "the body did not arrive within 10 s"
    ),
    "refused": Kind(
        403,
        "Refused",
        "The person of this key may not ask for it; the detail says who may.",
        "assign is for manager",
    ),
    "other_command": Kind(
        409,
        "The idempotency key is another command's",
        "This `Idempotency-Key` was sent with another command, which happens; send this one with a key of its own.",
        "this Idempotency-Key was sent with another command",
    ),
    "still_unclear": Kind(
        409,
        "Still not understood",
        "The body is no clearer to the source's configuration of now; correct that first.",
        "$: not JSON",
    ),
    "no_longer_kept": Kind(
        409, "No longer kept", "The body was erased, or its source is gone.", "its source is no longer configured"
    ),
    "taken": Kind(409, "The name is taken", "Another one has this name; choose another.", "crm is there already"),
    "of_the_file": Kind(
        409,
        "It is the file's",
        "It stands in a file of the configuration; change it there, which needs no restart.",
        "crm stands in subscriptions.yaml; change it there",
    ),
    "full": Kind(
        409, "No more of them", "As many are there as may be; delete one first.", "there are 50 subscriptions already"
    ),
    "changed_meanwhile": Kind(
        409,
        "Changed meanwhile",
        "Somebody else changed or deleted it at the same time; look at it and ask again.",
        "somebody else changed it at the same time",
    ),
    "too_large": Kind(
        413,
        "Too large",
        "The body is larger than the source allows.",
        "a body of this source has at most 1048576 bytes",
    ),
    "ambiguous": Kind(
        409,
        "Several may be meant",
        "Several leads have this number and are not known to be one person; name one of them.",
        "several leads have this number; name the one that is meant: lead_a, lead_b",
    ),
    "malformed": Kind(
        400, "Not HTTP", "The request cannot be read as HTTP; nothing of it was looked at.", "the head cannot be read"
    ),
    "head_too_large": Kind(
        431,
        "Head too large",
        "The request's line and headers are larger than may be.",
        "a head has at most 65536 bytes",
    ),
    "invalid": Kind(
        422, "Invalid request", "A parameter is not what it should be; `detail` names it.", "query.limit: at most 500"
    ),
    "too_many": Kind(
        429,
        "Too many requests",
        "The sender, or all readers together, ask too much; wait for `Retry-After` seconds.",
        "this source is unsigned and sends too fast",
    ),
    "stopped": Kind(
        503,
        "The source is stopped",
        "So many of its signals could not be processed that an operator has to look first; send it again later.",
        "too many signals of this source could not be processed; it takes more once an operator looked",
    ),
    "internal": Kind(500, "A defect of ours", "It was logged; the request changed nothing.", "see the log"),
    "unavailable": Kind(
        503,
        "Try again later",
        "Store or log cannot be reached; wait for `Retry-After` seconds. What was answered 202 is safe.",
        "the store cannot be reached",
    ),
}


class Problem(BaseModel):
    """An RFC 9457 problem. Its `detail` names rules, never values of a request: they can be personal data."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:stafett:problem:no_key",
                    "title": "An API key is needed",
                    "status": 401,
                    "detail": "send a key",
                }
            ]
        }
    )

    type: str = Field(description="`urn:stafett:problem:CODE`; never changes, so programs may decide by it.")
    title: str = Field(description="The same words for every problem of this type.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What it was this time.")


def problem(code: str, detail: str | None = None) -> Problem:
    """The problem of this code; KeyError for an unknown one."""
    kind = KINDS[code]
    return Problem(
        type=f"urn:stafett:problem:{code}", title=kind.title, status=kind.status, detail=detail or kind.example
    )
