"""The columns of a table of contacts: what a header's names mean, and what those that we do not know were likely meant to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.words import probably
from services.ingest.contacts.spreadsheets import NoTable
from services.ingest.parsers.reading.firmographics import fact_named
from services.ingest.parsers.reading.naming import label, meaning
from services.ingest.parsers.reading.plain import single_line

PLACES = ("industry", "country", "employees", "region", "city", "postcode")
COLUMNS = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "full_name",
    "company",
    "domain",
    "stage",
    "owner",
    "since",
    "tags",
    "campaign",
    "track",
    "disposition",
    "language",
    *PLACES,
)
"""Besides these: `consent:PURPOSE` (given or withdrawn), `id:SYSTEM` (the person's id there) and `deal:SYSTEM` (their deals)."""
WITH_NAME = ("consent:", "id:", "deal:")
_PLAIN = {name.replace("_", ""): name for name in COLUMNS}
_LIKELY = {
    "stage": "steg status lifecycle_stage lifecyclestage lead_status fas phase",
    "owner": "agare saljare salesperson account_manager contact_owner lead_owner ansvarig kundansvarig verantwortlich besitzer",
    "since": "datum date created created_at create_date created_on skapad skapad_datum erstellt stage_since",
    "tags": "taggar etiketter labels segment segments lists",
    "campaign": "kampanj kampagne lead_source source kalla utm_campaign quelle",
    "consent:PURPOSE": "samtycke gdpr consent opt_in optin newsletter nyhetsbrev marketing_consent subscribed einwilligung email_opt_in",
    "id:SYSTEM": "id kundnummer kundnr customer_id customer_number contact_id kontakt_id record_id crm_id hubspot_id salesforce_id external_id lead_id",
    "deal:SYSTEM": "deal deal_id deals opportunity opportunity_id affar affars_id",
}
_LIKELY_BY_NAME = {name: column for column, names in _LIKELY.items() for name in names.split()}


class Column(NamedTuple):
    """A column that is read: its place in a row, and its name among ours."""

    at: int
    name: str


def columns_of(header: Sequence[str], line: int = 1) -> list[Column]:
    """Letter case, blanks, dashes and underscores do not matter, nor do columns without a name. Raises NoTable, which names
    each column that is not known."""
    names = [single_line(name) for name in header]
    if not any(names):
        raise NoTable(f"line {line}: there is no header")
    columns = [Column(at, column_named(name) or "") for at, name in enumerate(names) if name]
    if unknown := [names[column.at] for column in columns if not column.name]:
        raise NoTable(f"line {line}: {_unknown_columns_message(unknown, len(columns))}")
    column_names = [column.name for column in columns]
    if len(column_names) != len(set(column_names)):
        twice = next(name for name in column_names if column_names.count(name) > 1)
        raise NoTable(f"line {line}: a column is there twice: `{twice}`")
    if not {"email", "phone"} & set(column_names) and not any(name.startswith("id:") for name in column_names):
        raise NoTable(f"line {line}: neither email, phone nor id:SYSTEM is a column, so nobody would be named")
    return columns


def column_named(name: str) -> str | None:
    """Our name of a column, as its own says it in any writing; None for one that we do not know."""
    prefix, colon, suffix = name.partition(":")
    if colon:
        kind = f"{prefix.strip().casefold()}:"
        return f"{kind}{suffix.strip()}" if kind in WITH_NAME and suffix.strip() else None
    return _PLAIN.get(label(name).replace("_", ""))


def likely_column(name: str) -> str | None:
    """Which of our columns a name of another language or another program was likely meant to be."""
    plain = label(name)
    if (likely := _LIKELY_BY_NAME.get(plain)) is not None:
        return likely
    if (target := meaning(name)) is not None:
        return target[0]
    if (fact := fact_named(name)) is not None and fact in COLUMNS:
        return fact
    near = probably(plain, COLUMNS)
    return near.split("`")[1] if near else None


def _unknown_columns_message(unknown: Sequence[str], columns: int) -> str:
    """A first line without one name that means anything may be somebody's data, which is not told."""
    likely = {name: likely_column(name) for name in unknown}
    hint = f"known are {', '.join(COLUMNS)}, consent:PURPOSE, id:SYSTEM, deal:SYSTEM"
    if len(unknown) == columns and not any(likely.values()):
        return f"none of its {columns} columns is known, so it may be no header; {hint}"
    hints = [_column_hint(name, likely[name]) for name in unknown]
    noun = "column" if len(unknown) == 1 else "columns"
    return f"{len(unknown)} unknown {noun}: {', '.join(hints)}; rename or remove them; {hint}"


def _column_hint(name: str, likely: str | None) -> str:
    shown = name[:40] if "@" not in name and sum(map(str.isdigit, name)) < 5 else "(hidden)"
    return f"`{shown}` (likely `{likely}`)" if likely else f"`{shown}`"
