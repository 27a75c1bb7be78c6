"""What each vendor asks for beside what every sink says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.sinks.base import CrmSink, Stages
from schemas.sinks.http import HttpSink
from schemas.sources import SecretName
from schemas.yamlfile import BrokenAt


class OdooSink(CrmSink):
    """`api`: `json2` from Odoo 19 on, `xmlrpc` for those before, which needs `login`. `secret` is an API key of the integration user.
    `team`: the sales team that opportunities are put into."""

    kind: Literal["odoo"]
    secret: SecretName
    api: Literal["json2", "xmlrpc"] = "json2"
    database: Annotated[str, Field(min_length=1, max_length=100)]
    login: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    team: Annotated[int, Field(ge=1)] | None = None


class TrytonStages(Stages):
    """Tryton's states are a closed set; a new one is a lead there, and what became a sale is theirs to say."""

    offered: Literal["lead"] | None = "lead"
    accepted: Literal["opportunity"] | None = "opportunity"
    returned: Literal["lost", "cancelled"] | None = "cancelled"
    won: None = None
    lost: Literal["lost", "cancelled"] | None = "lost"


class TrytonSink(CrmSink):
    """`login` and the password in `secret` are the integration user's; `company_id` is the company whose employees sell.

    `settle_seconds`: how long a request that was not answered may still come to something there: Tryton waits 30 s for its
    database and gives a request 60 s.
    """

    kind: Literal["tryton"]
    secret: SecretName
    database: Annotated[str, Field(min_length=1, max_length=100)]
    login: Annotated[str, Field(min_length=1, max_length=200)]
    company_id: Annotated[int, Field(ge=1)] = 1
    stages: TrytonStages = TrytonStages()
    settle_seconds: Annotated[float, Field(ge=0, le=600)] = 90.0


HubspotOpportunity = Literal["deal", "lead"]


class HubspotSink(CrmSink):
    """`secret` is a service key. `opportunity`: what a hand-over is there, a deal or a lead. `pipeline` is the id of its pipeline, whose
    stages are named."""

    kind: Literal["hubspot"]
    secret: SecretName
    opportunity: HubspotOpportunity = "deal"
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)] = "https://api.hubapi.com"
    pipeline: Annotated[str, Field(min_length=1, max_length=100)] = "default"


class EspoSink(CrmSink):
    """`secret` is the key of an API user. `key_field` is the field of opportunities that keeps our hand-over's id; EspoCRM puts a `c`
    before the name of a field that was made there. An opportunity has to have an amount and a day on which it closes: `amount`, and
    `closes_in_days` days from when it is made, unless `fields` writes others."""

    kind: Literal["espo"]
    secret: SecretName
    key_field: Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]{0,99}$")] = "cStafettId"
    amount: Annotated[float, Field(ge=0)] = 0
    closes_in_days: Annotated[int, Field(ge=0, le=3650)] = 90


class DynamicsSink(CrmSink):
    """`base_url` is that of the environment. `directory` and `client_id` name an app registration of Entra ID that is an application user
    there, `secret` is its client secret. `stage_column` has the stages, as numbers of its choices. `key_column`: a text column with
    an alternate key of its own that is to hold the hand-over's id; without one, ids of our own are used. `detect_duplicates`:
    rules of the environment may refuse contacts and companies. `html_notes`: notes are shown with markup there."""

    kind: Literal["dynamics"]
    secret: SecretName
    directory: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,99}$")]
    client_id: Annotated[str, Field(pattern=r"^[0-9A-Fa-f\-]{36}$")]
    authority: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)] = (
        "https://login.microsoftonline.com"
    )
    stage_column: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")] = "statuscode"
    key_column: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")] | None = None
    detect_duplicates: bool = False
    html_notes: bool = True

    @model_validator(mode="after")
    def _stages_are_numbers(self) -> DynamicsSink:
        for name, stage in self.stages.model_dump(exclude_none=True).items():
            if not stage.isdigit():
                raise BrokenAt(f"`{stage}` is no number of a choice of {self.stage_column}", "stages", name)
        return self

    @model_validator(mode="after")
    def _secret_goes_over_https(self) -> DynamicsSink:
        if self.authority.startswith("http://") and not self.allow_private:
            raise BrokenAt("use https; the client secret is sent there", "authority")
        return self


class SalesforceSink(CrmSink):
    """`base_url` is the org's My Domain, `client_id` the consumer key of its External Client App, `secret` the consumer secret.

    `closes_in_days`: an opportunity needs the day on which it is expected to close; a new one has that of so many days after it is
    made. `allow_duplicates`: a contact is made although a duplicate rule of the org objects. `app`: the name by which its change events
    call us.
    """

    kind: Literal["salesforce"]
    secret: SecretName
    client_id: Annotated[str, Field(min_length=1, max_length=300)]
    closes_in_days: Annotated[int, Field(ge=0, le=3650)] = 90
    allow_duplicates: bool = False
    app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")] | None = "Stafett"

    @property
    def client_name(self) -> str:
        """What we call ourselves with each call."""
        return self.app or "Stafett"


class CloseSink(CrmSink):
    """`secret` is an API key. `key_field` is the id of the custom field of opportunities that keeps our hand-over's id."""

    kind: Literal["close"]
    secret: SecretName
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)] = "https://api.close.com"
    key_field: Annotated[str, Field(pattern=r"^cf_[A-Za-z0-9]{1,100}$")]


class UpsalesSink(CrmSink):
    """`secret` is an API key. `key_field` and `task_key_field` are the numbers of text fields of orders and of activities that keep our ids.
    An opportunity has to have a row, a day and a company: a row of `product` at no price, the day in `closes_in_days` days, and
    `company_for_others` for leads whose company nobody knows. `task.type` is the number of a type of activities."""

    kind: Literal["upsales"]
    secret: SecretName
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)] = "https://power.upsales.com/api/v2"
    key_field: Annotated[int, Field(ge=1)]
    task_key_field: Annotated[int, Field(ge=1)]
    product: Annotated[int, Field(ge=1)]
    company_for_others: Annotated[int, Field(ge=1)] | None = None
    closes_in_days: Annotated[int, Field(ge=0, le=3650)] = 90

    @model_validator(mode="after")
    def _ids_are_numbers(self) -> UpsalesSink:
        for name, stage in self.stages.model_dump(exclude_none=True).items():
            if not stage.isdigit():
                raise BrokenAt(f"`{stage}` is no number of a stage", "stages", name)
        if self.stages.offered is None:
            raise BrokenAt("`offered` is missing: Upsales has no opportunity without a stage", "stages")
        if not (self.task.type or "").isdigit():
            raise BrokenAt("`type` is missing: the number of a type of activities, as that of a to-do", "task")
        if not self.company and self.company_for_others is None:
            raise BrokenAt(
                "without companies `company_for_others` is needed: all records there belong to one", "company"
            )
        return self


PipedriveOpportunity = Literal["deal", "lead"]


class PipedriveSink(CrmSink):
    """`base_url` is that of the company, `secret` an API token of the integration user. `key_field` and `domain_field` are the keys, of 40
    characters, of fields of the type text: of deals, which is to hold the hand-over's id, and of organisations, which is to hold the
    domain; without the latter there are no organisations. `pipeline` is the pipeline of new deals. Stages are numbers; `won` and
    `lost` are not stages there but what a deal ended as, and are called so. `opportunity`: what a hand-over is there, a deal or a
    lead, which has no stages and no pipeline."""

    kind: Literal["pipedrive"]
    secret: SecretName
    opportunity: PipedriveOpportunity = "deal"
    key_field: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    domain_field: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    pipeline: Annotated[int, Field(ge=1)] | None = None
    high_priority: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _stages_are_numbers(self) -> PipedriveSink:
        for name, stage in self.stages.model_dump(exclude_none=True).items():
            if not stage.isdigit() and (name not in ("won", "lost") or stage != name):
                raise BrokenAt(
                    f"`{stage}` is no number of a stage; won and lost are `won: won` and `lost: lost`", "stages", name
                )
        return self

    @model_validator(mode="after")
    def _a_lead_has_no_stages(self) -> PipedriveSink:
        if self.opportunity == "lead":
            if stages := self.stages.model_dump(exclude_none=True):
                raise BrokenAt("a lead of Pipedrive has no stages: leave them out", "stages", next(iter(stages)))
            if self.pipeline is not None:
                raise BrokenAt("a lead of Pipedrive is in no pipeline: leave it out", "pipeline")
        return self


VendorSink = (
    OdooSink
    | TrytonSink
    | HubspotSink
    | EspoSink
    | DynamicsSink
    | SalesforceSink
    | PipedriveSink
    | CloseSink
    | UpsalesSink
)
"""One of the vendors that have a file of their own."""
AnySink = Annotated[VendorSink | HttpSink, Field(discriminator="kind")]
"""One of them, or any other system; `kind` says which."""
