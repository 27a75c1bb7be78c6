"""The sources file: who may send us signals, in which shape, and how they prove who they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.duration import Window
from schemas.mapping import Mapping
from schemas.market import Domain
from schemas.may import May
from schemas.signals import Proof
from schemas.words import Name, probably
from schemas.yamlfile import FileModel

Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]
"""As browsers write it: scheme, host, and the port where it is not the scheme's own."""
SecretName = Annotated[str, Field(pattern=r"^STAFETT_SECRET_[A-Z0-9_]+$")]


Encoding = Literal["hex", "base64"]
"""How bytes are written as text."""


class Scheme(FileModel):
    """How a delivery is verified. Bound to the source, never inferred from what a request brings along.

    `hmac`: over `template` (`{timestamp}`, `{id}`, `{method}`, `{url}`, `{body}`; the raw body alone where it says nothing),
    hex or base64 in `header` after `prefix`; `separator` parts several signatures in one header. With `signature_field`
    the header is a list of `name=value`, such as `t=...,v1=...`, and `timestamp_field` names the time in it.
    `public_key`: the same, signed with RSA (PKCS #1 v1.5), ECDSA or Ed25519; the keys are PEM, in `public_keys` or in secrets.
    `hubspot`: v3 (v1 and v2 where `version` says so). `basic`: `user:password`. `token`: the secret itself in `header`.
    `query`: the secret is the parameter `field` of the URL; `body_key`: the value at `field` of the body.
    Secrets are names of environment variables; several are tried in turn, for rotation. `key` says how a secret is written.
    `networks`: only senders at these addresses, beside any scheme.
    """

    scheme: Literal["none", "standard_webhooks", "hmac", "public_key", "hubspot", "basic", "token", "query", "body_key"]
    secrets: tuple[SecretName, ...] = ()
    public_keys: tuple[str, ...] = ()
    header: str = ""
    field: str = ""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Encoding = "hex"
    key: Literal["text", "hex", "base64"] = "text"
    prefix: str = ""
    separator: str = ""
    signature_field: str = ""
    timestamp_field: str = ""
    template: str = "{body}"
    id_header: str = ""
    timestamp_header: str = ""
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_seconds: Annotated[int, Field(ge=1, le=86400)] = 300
    version: Literal["v1", "v2", "v3"] = "v3"
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Scheme:
        if self.scheme != "none" and not self.secrets and not self.public_keys:
            raise ValueError(f"`{self.scheme}` needs `secrets`: names such as STAFETT_SECRET_WEB")
        if self.public_keys and self.scheme != "public_key":
            raise ValueError("`public_keys` belong to the scheme `public_key`")
        if self.scheme in ("hmac", "public_key", "token") and not self.header:
            raise ValueError(f"`{self.scheme}` needs `header`, the header that the proof is in")
        if self.scheme in ("query", "body_key") and not self.field:
            raise ValueError(f"`{self.scheme}` needs `field`, the name that the secret is under")
        if self.timestamp_field and not self.signature_field:
            raise ValueError("`timestamp_field` needs `signature_field`: both are parts of one header")
        timed = bool(self.timestamp_header or self.timestamp_field)
        if "{timestamp}" in self.template and not timed:
            raise ValueError("a template with {timestamp} needs `timestamp_header` or `timestamp_field`")
        if timed and "{timestamp}" not in self.template:
            raise ValueError("a time that is not in `template` is not signed: it proves nothing")
        if "{id}" in self.template and not self.id_header:
            raise ValueError("a template with {id} needs `id_header`")
        return self

    @property
    def signs_url(self) -> bool:
        """The public URL is part of the proof, or holds it."""
        return self.scheme in ("hubspot", "query") or "{url}" in self.template


class SalesMeaning(FileModel):
    """What the CRM's own words mean here. Stages and statuses as the CRM writes them in its webhooks (often ids).

    `follow_up_types`: activity types that are a genuine step (left out: all). `not_qualified`: lost or rejection reasons
    that mean the lead never was qualified. `meeting_types`: activity types that are meetings. `our_users`: ids of the users
    or API keys by which Stafett itself writes into the CRM; `our_apps`: ids or names of its apps, where the CRM's webhooks say which app wrote.
    """

    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    meeting_booked: tuple[str, ...] = ()
    follow_up_types: tuple[str, ...] = ()
    meeting_types: tuple[str, ...] = ()
    not_qualified: tuple[str, ...] = ()
    our_users: tuple[str, ...] = ()
    our_apps: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_meaning_each(self) -> SalesMeaning:
        names = ("accepted", "rejected", "returned", "won", "lost", "meeting_booked")
        seen: dict[str, str] = {}
        for name in names:
            for word in getattr(self, name):
                other = seen.setdefault(word.casefold(), name)
                if other != name:
                    raise ValueError(f"`{word}` means both {other} and {name}; a stage can mean one thing")
        return self


class Fetch(FileModel):
    """How what a sender's thin webhooks leave out is asked of its API. `token` is a secret; it goes into the
    `Authorization` header and nowhere else. `base_url` is the vendor's own where it has one for all.

    `per_second`: requests at most. `patience`: seconds for which a failing request is tried again before its signal is set
    aside as a dead letter.
    """

    token: SecretName
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9.]{1,20}$")] | None = None
    per_second: Annotated[float, Field(gt=0, le=1000)] = 5.0
    patience: Annotated[float, Field(ge=0, le=86400)] = 900.0
    allow_private: bool = False


FETCHED = {
    "hubspot": "https://api.hubapi.com",
    "meta_lead_ads": "https://graph.facebook.com",
    "linkedin": "https://api.linkedin.com",
    "salesforce": None,
    "pipedrive": "https://api.pipedrive.com",
    "close": "https://api.close.com",
    "gohighlevel": "https://services.leadconnectorhq.com",
}
"""Kinds whose thin webhooks can be completed, with the API's address where there is one for all."""


UNPROVEN_EVENTS = 100
"""Of one body of a sender who proves nothing."""
VALUES_AN_EVENT = 150
"""For each event that a body may have it may have so many values, in however few events they are."""
USUAL_VALUES = 24_000
"""Of one body at most, unless its source says `max_values`: what it costs to read stays under 0.3 s of a processor."""


SYSTEMS = frozenset(
    [
        "hubspot",
        "mautic",
        "pipedrive",
        "activecampaign",
        "mailchimp",
        "linkedin",
        "calendly",
        "segment",
        "intercom",
        "close",
        "gohighlevel",
        "salesforce",
    ]
)
"""Kinds that are the name of the system whose ids they hold."""
FORM_REPEATS = timedelta(minutes=10)
"""A browser's double click, its way back and forth, a script that tries again."""
WEBHOOK_REPEATS = timedelta(hours=12)
"""A platform that tries again for hours; on another day the same words are asked again."""


Purpose = Annotated[str, Field(pattern=r"^[^\s,;@]{1,60}$")]


class Source(FileModel):
    """One sender: `POST /v1/hooks/{name}`. `region` is where phone numbers without a country code are from (else `country`);
    `country` is where the companies are of whom this sender does not say it.

    `rate` and `burst`: requests a second, and at once; of a source without proof each further signal of a body, and each
    64 KiB of it, counts as one more, and one client (an IPv4 address, an IPv6 /64) has `client_rate` and `client_burst` of
    them: a fifth and a half. `max_events`: of one body; 1000, and 100 where nothing is proven;
    for each of them 150 values may be in it, and 24,000 at most. `max_values` says how many instead, up to 50,000: such a body may take half a second of a processor.

    `origins`: web sites whose pages may post here from a browser; a post of any other page is refused, one without an
    `Origin` (no browser) is not concerned. `redirect`: where the browser goes after a form was sent.
    `handshake`: the word that a sender proves itself with when it first calls (Meta's verify token); never a secret that
    proves deliveries. `phone_verified`: this sender has proven every number that it sends (an SMS opt-in, a login by code), so
    a number names a lead as an address does. `free_mail`: more domains whose addresses tell of no company.
    `consents`: what a field of this sender's means, `{gdpr: [marketing]}`: the purposes that its yes is a consent to, or that an opt-out's
    yes takes back; `[]` for none. `consent`: whether the yes of a sender who proves nothing `asks` for the consent, which somebody
    proven has to confirm, or `gives` it, for which whoever writes this file answers. `system`: whose ids the bodies hold where they do not say it (the kind's own, of other kinds the source's name). `account`: the
    sender's account in that system, where a body does not say it: an id is one within an account.
    `may`: what this source may say, a list of `form`, `engagement`, `consent`, `sales`, `import`, `test` and `erasure` (docs/sources). Left out,
    a source that proves nothing may say `form` and `engagement`, and one that signs what its kind's senders say by nature; `import`
    and `erasure` are never among it. What a source may not say is set aside; a withdrawal of consent is believed from anybody.
    `repeat_window`: within it the same form, or another request without an id of its own, is a repetition (10 minutes for the
    kind `form`, 12 hours for others), unless the lead came back meanwhile.
    """

    name: Name
    kind: str
    brand: Name = "default"
    mode: Literal["live", "observe", "test"] = "live"
    verify: Scheme
    may: Annotated[tuple[May, ...], Field(min_length=1)] | None = None
    handshake: SecretName | None = None
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    phone_verified: bool = False
    system: Name | None = None
    account: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    free_mail: tuple[Domain, ...] = ()
    max_body: Annotated[int, Field(ge=1, le=16 * 1024 * 1024)] = 1024 * 1024
    mapping: Mapping | None = None
    sales: SalesMeaning = SalesMeaning()
    consents: dict[Annotated[str, Field(min_length=1, max_length=200)], tuple[Purpose, ...]] = {}
    consent: Literal["asks", "gives"] = "asks"
    fetch: Fetch | None = None
    origins: tuple[Origin, ...] = ()
    redirect: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)] | None = None
    repeat_window: Window | None = None
    rate: Annotated[float, Field(gt=0)] = 50.0
    burst: Annotated[int, Field(ge=1)] = 200
    client_rate: Annotated[float, Field(gt=0)] | None = None
    client_burst: Annotated[int, Field(ge=1)] | None = None
    max_events: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_values: Annotated[int, Field(ge=100, le=50_000)] | None = None

    @property
    def proof(self) -> Proof:
        """How the source's deliveries prove who sent them."""
        return "none" if self.verify.scheme == "none" else "signed"

    @property
    def events_at_once(self) -> int:
        """Events that one body may have."""
        return self.max_events or (UNPROVEN_EVENTS if self.proof == "none" else 1000)

    @property
    def values_at_once(self) -> int:
        """Values that one body may have: fields, and members of lists, at any depth; a new name of a field counts as four more."""
        return self.max_values or min(VALUES_AN_EVENT * max(self.events_at_once, UNPROVEN_EVENTS), USUAL_VALUES)

    @model_validator(mode="after")
    def _greets_as_it_proves(self) -> Source:
        if self.handshake is not None and self.handshake in self.verify.secrets:
            raise ValueError("`handshake` stands in URLs, so it must be none of the secrets that prove deliveries")
        return self

    @property
    def repeats_within(self) -> timedelta:
        """Within so long of one another the same words without an id of their own are one request."""
        return self.repeat_window or (FORM_REPEATS if self.kind == "form" else WEBHOOK_REPEATS)

    @property
    def number_region(self) -> str | None:
        """The country of numbers that have no country code."""
        return self.region or self.country

    @property
    def own_system(self) -> str:
        """Whose ids its bodies hold, where they do not say it."""
        return self.system or (self.kind if self.kind in SYSTEMS else self.name)

    @model_validator(mode="after")
    def _proves_numbers(self) -> Source:
        if self.phone_verified and self.verify.scheme == "none":
            raise ValueError("`phone_verified` needs a `verify` scheme: else anybody could post under anybody's number")
        return self

    @model_validator(mode="after")
    def _can_be_fetched(self) -> Source:
        if self.fetch is None:
            return self
        if self.kind not in FETCHED:
            raise ValueError(f"`fetch` is for the kinds {', '.join(sorted(FETCHED))}")
        if self.fetch.base_url is None and FETCHED[self.kind] is None:
            raise ValueError(f"`fetch` of {self.kind} needs `base_url`, the address of your own instance")
        if not self.fetch.allow_private and not (self.fetch.base_url or "https:").startswith("https:"):
            raise ValueError("`base_url` begins with https, for the token goes there")
        return self


class SourcesFile(FileModel):
    """The whole file. `version` is the version of its format. `free_mail`: more domains of mail services, such as those of
    a local internet provider: two people with addresses there are not of one company."""

    version: Literal[1, "1"]
    sources: tuple[Source, ...] = ()
    free_mail: tuple[Domain, ...] = ()

    def of_other_brands(self, brands: Iterable[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(path, rule) of each source whose brand is none of the agreement's: its leads would be of a brand nobody agreed on."""
        names = sorted(brands)
        for i, source in enumerate(self.sources):
            if source.brand not in names:
                hint = probably(source.brand, names) or f" ({', '.join(names)})"
                yield ("sources", i, "brand"), f"brand `{source.brand}` is not among the agreement's `brands`{hint}"

    def with_file_defaults(self, source: Source) -> Source:
        """The source with what holds for all of them; the account of its system too, where the file names one only."""
        accounts = self.accounts(source.brand).get(source.own_system, frozenset())
        account = source.account or (next(iter(accounts)) if len(accounts) == 1 else None)
        return source.model_copy(update={"free_mail": (*self.free_mail, *source.free_mail), "account": account})

    def accounts(self, brand: str) -> dict[str, frozenset[str]]:
        """The accounts of each system that this brand's sources are of."""
        accounts: dict[str, frozenset[str]] = {}
        for source in self.sources:
            if source.account is not None and source.brand == brand:
                accounts[source.own_system] = accounts.get(source.own_system, frozenset()) | {source.account}
        return accounts

    @model_validator(mode="after")
    def _names_are_unique(self) -> SourcesFile:
        names = [source.name for source in self.sources]
        if len(names) != len(set(names)):
            raise ValueError("two sources have the same name")
        return self
