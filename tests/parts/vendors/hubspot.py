"""HubSpot of version 2026-09: what a hand-over and a suppression need of it, as strict as its reference, with its own words for faults.

Read in HubSpot's reference and guides (November 2026) and in what its users publish of its answers; no account was compared with it. Guessed are: that a
unique value is free again once its record is archived, that a read by the id of a merged record answers who is left, the body of 423.
"""

from __future__ import annotations

from typing import ClassVar

from tests.parts.vendors import hubspot_objects as objects
from tests.parts.vendors import hubspot_requests as wanted
from tests.parts.vendors import hubspot_settings as settings
from tests.parts.vendors import hubspot_subscriptions as subscriptions
from tests.parts.vendors.hubspot_account import VERSION, HubSpotAccount
from tests.parts.vendors.server import Route

READ, WRITE = frozenset({"crm.objects.{noun}.read"}), frozenset({"crm.objects.{noun}.write"})
_ASKED = frozenset({"properties", "propertiesWithHistory", "associations", "archived", "idProperty"})
_RECORDS = f"/crm/objects/{VERSION}/{{noun}}"
ROUTES = (
    Route("create", "POST", _RECORDS, objects.create, wanted.CREATE, scopes=WRITE),
    Route("upsert", "POST", f"{_RECORDS}/batch/upsert", objects.upsert, wanted.UPSERT, scopes=WRITE),
    Route("batch read", "POST", f"{_RECORDS}/batch/read", objects.batch_read, wanted.BATCH_READ, scopes=READ),
    Route("search", "POST", f"{_RECORDS}/search", objects.search, wanted.SEARCH, scopes=READ),
    Route("merge", "POST", f"{_RECORDS}/merge", objects.merge, wanted.MERGE, scopes=WRITE),
    Route("gdpr delete", "POST", f"/crm/objects/{VERSION}/contacts/gdpr-delete", objects.purge, wanted.PURGE),
    Route("read record", "GET", f"{_RECORDS}/{{ident}}", objects.read, query=_ASKED, scopes=READ),
    Route("update", "PATCH", f"{_RECORDS}/{{ident}}", objects.update, wanted.UPDATE, frozenset({"idProperty"}), WRITE),
    Route("archive", "DELETE", f"{_RECORDS}/{{ident}}", objects.archive, scopes=WRITE),
    Route(
        "associate",
        "PUT",
        f"{_RECORDS}/{{ident}}/associations/default/{{other}}/{{beside}}",
        objects.associate,
        scopes=WRITE,
    ),
    Route(
        "associations",
        "POST",
        f"/crm/associations/{VERSION}/{{noun}}/{{other}}/batch/read",
        objects.associations,
        wanted.ASSOCIATED,
        scopes=frozenset({"crm.objects.contacts.read"}),
    ),
    Route("list labels", "GET", f"/crm/associations/{VERSION}/{{noun}}/{{other}}/labels", settings.list_labels),
    Route(
        "list owners",
        "GET",
        f"/crm/owners/{VERSION}",
        settings.list_owners,
        query=frozenset({"email", "limit", "after", "archived"}),
        scopes=frozenset({"crm.objects.owners.read"}),
    ),
    Route("list properties", "GET", f"/crm/properties/{VERSION}/{{noun}}", settings.list_properties),
    Route(
        "create property",
        "POST",
        f"/crm/properties/{VERSION}/{{noun}}",
        settings.create_property,
        wanted.PROPERTY,
        scopes=frozenset({"crm.schemas.deals.write"}),
    ),
    Route("list pipelines", "GET", f"/crm/pipelines/{VERSION}/{{noun}}", settings.list_pipelines),
    Route("account", "GET", f"/account-info/{VERSION}/details", settings.details),
    Route(
        "subscription types",
        "GET",
        f"/communication-preferences/{VERSION}/definitions",
        subscriptions.definitions,
        scopes=frozenset({"communication_preferences.read"}),
    ),
    Route(
        "read statuses",
        "GET",
        f"/communication-preferences/{VERSION}/statuses/{{address}}",
        subscriptions.read_statuses,
        query=frozenset({"channel"}),
        scopes=frozenset({"communication_preferences.read"}),
    ),
    Route(
        "set status",
        "POST",
        f"/communication-preferences/{VERSION}/statuses/{{address}}",
        subscriptions.set_status,
        subscriptions.STATUS,
        scopes=frozenset({"communication_preferences.write"}),
    ),
    Route(
        "read list",
        "GET",
        f"/crm/lists/{VERSION}/{{ident}}",
        settings.read_list,
        scopes=frozenset({"crm.lists.read"}),
    ),
    Route(
        "change members",
        "PUT",
        f"/crm/lists/{VERSION}/{{ident}}/memberships/add-and-remove",
        settings.change_members,
        wanted.MEMBERS,
        scopes=frozenset({"crm.lists.read", "crm.lists.write"}),
    ),
    Route(
        "lists of",
        "GET",
        f"/crm/lists/{VERSION}/records/0-1/{{ident}}/memberships",
        settings.lists_of,
        scopes=frozenset({"crm.lists.read"}),
    ),
)


class HubSpotApi(HubSpotAccount):
    routes: ClassVar[tuple[Route, ...]] = ROUTES
