"""Facts that decisions may use, among the answers that no parser has a place for: the language, and where and what the
company is. They are looked for by the names that forms and platforms give them; the answers stay as they are."""

from __future__ import annotations

from typing import Any

from schemas.places import language_code
from schemas.signals import Company, Parsed
from services.ingest.parsers.naming import label
from services.ingest.parsers.reading import text

_NAMES = {
    "language": """
        hs_language preferred_language preferred_locale language_override language lang locale contact_language user_language
        language_code sprak onskat_sprak kommunikationssprak spraak malform sprog kieli sprache langue idioma lingua taal
        user_locale browser_language""",
    "country": "country_code company_country_code hs_country_code country company_country land foretagets_land maa pays pais",
    "region": "region company_region county lan landskap fylke bundesland province provins maakunta kommune kommun",
    "city": "city company_city town ort stad postort poststed by ville ciudad stadt kaupunki",
    "postcode": """
        postcode postal_code postalcode zip zip_code zipcode company_zip postnummer postnr plz postleitzahl code_postal
        codigo_postal postinumero""",
    "industry": "industry company_industry bransch branche bransje toimiala branschen",
    "employees": """
        employees number_of_employees numberofemployees num_employees numemployees employee_count antal_anstallda
        antall_ansatte antal_ansatte""",
}
_PHONE_VERIFIED = frozenset(["phone_verified", "phone_number_verified", "is_phone_verified", "phone_is_verified"])
_BY_NAME = {name: (fact, rank) for fact, names in _NAMES.items() for rank, name in enumerate(names.split())}


def profiled(parsed: Parsed) -> Parsed:
    """With what its answers tell and its parser did not; the same object where they tell nothing."""
    said = _said(parsed.fields) if parsed.fields else {}
    language = language_code(said.pop("language", None)) if parsed.language is None else None
    told = {name: value for name, value in said.items() if name != "language"}
    company = Company(**{**told, **parsed.company.known()})
    changed: dict[str, Any] = {"language": language} if language is not None else {}
    if not parsed.phone_verified and any(_says_yes(name, value) for name, value in parsed.fields.items()):
        changed["phone_verified"] = True
    if company != parsed.company:
        changed["company"] = company
    return parsed.but(**changed) if changed else parsed


def _says_yes(name: str, value: Any) -> bool:
    return label(name) in _PHONE_VERIFIED and (text(value) or str(value)).casefold() in ("true", "1", "yes", "ja")


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """The most telling answer to each."""
    best: dict[str, tuple[int, str]] = {}
    for name, value in fields.items():
        found = _BY_NAME.get(label(name))
        answer = text(value[0] if isinstance(value, list) and len(value) == 1 else value) if found else None
        if found and answer and len(answer) <= 100 and found[1] < best.get(found[0], (999, ""))[0]:
            best[found[0]] = (found[1], answer)
    return {fact: answer for fact, (_, answer) in best.items()}
