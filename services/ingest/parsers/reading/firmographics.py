"""Where and what a company is, and which language somebody speaks, by the names that forms and platforms give these facts.

Read off answers as they stand, off an address that is an object of its own, and off one that is a line of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from schemas.domains import host_of
from schemas.json_values import COMPOSITE, JsonObject, JsonValue
from schemas.places import country_code, country_of_code, post_code, town_of
from schemas.signals import Company
from services.ingest.parsers.reading.by_names import Names, cache_by_names, names_of
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text

_NAMES = {
    "language": """
        hs_language preferred_language preferred_locale language_override language lang locale contact_language user_language
        language_code sprak onskat_sprak kommunikationssprak spraak malform sprog kieli sprache langue idioma lingua taal
        user_locale browser_language jezyk jazyk""",
    "domain": """
        company_domain company_domain_name company_website company_website_url company_url company_web website website_url
        web_site web_url webpage web_page website_address websites webbplats webbsida webbadress hemsida foretagets_hemsida webseite
        webadresse webauftritt internetseite site_web site_internet sitio_web pagina_web nettside nettsted hjemmeside verkkosivu
        verkkosivusto kotisivu strona_www strona_internetowa sito_web sito website_van_uw_bedrijf homepage home_page domain
        domain_name primary_domain email_domain corporate_website business_website organization_website account_website lead_website url_website""",
    "country": """
        country_code company_country_code hs_country_code address_country_code country_iso country_iso_code iso_country country company_country
        country_name country_region postal_address_country address_country billing_country mailing_country mailing_country_code billing_country_code
        land foretagets_land maa pays pais paese kraj landcode landkode landskod""",
    "region": """
        region company_region state company_state county lan landskap fylke bundesland province provins provincia provincie maakunta
        state_code hs_state_code state_province state_region province_code region_name region_code address_state address_region
        administrative_area administrative_area_level_1 admin_area_level_1 address_admin_area_level_1 postal_address_admin_area_level_1 subdivision billing_state mailing_state delstat kanton canton estado
        wojewodztwo departement kraj_lan""",
    "city": """
        city company_city town locality ort stad postort poststed by ville ciudad stadt kaupunki woonplaats plaats citta cidade
        miasto address_locality postal_address_locality municipality kommun kommune kunta kommunnamn address_city billing_city mailing_city city_name postal_town""",
    "postcode": """
        postcode postal_code postalcode zip zip_code zipcode company_zip zip_postal_code zip_or_postal_code zip_postcode post_code
        postal zipcode_postal postal_address_postal_code postnummer postnr plz postleitzahl code_postal codigo_postal postinumero cap cep kod_pocztowy psc psč address_zip
        address_postal_code billing_zip billing_postal_code mailing_zip mailing_postal_code billing_postcode""",
    "industry": """
        industry company_industry bransch branche bransje toimiala branschen industri sector sektor secteur secteur_d_activite
        industria settore naringsgren industry_name business_type vertical""",
    "employees": """
        employees number_of_employees numberofemployees num_employees numemployees no_of_employees employee_count employees_count
        employee_range employees_range number_of_employees_range company_size company_headcount headcount team_size size_of_company
        organization_size organisation_size business_size how_many_employees how_many_employees_do_you_have company_employees
        company_employee_count estimated_num_employees size companynumber_of_employees antal_anstallda antall_ansatte antal_ansatte antal_medarbetare
        antal_medarbejdere hur_manga_anstallda hur_manga_anstallda_har_ni hur_manga_ar_ni foretagsstorlek storlek_pa_foretaget
        bedriftsstorrelse virksomhedsstorrelse henkilostomaara henkilosto mitarbeiter anzahl_mitarbeiter mitarbeiterzahl
        mitarbeiteranzahl unternehmensgrosse nombre_d_employes nombre_de_salaries effectif taille_de_l_entreprise
        numero_de_empleados empleados tamano_de_la_empresa aantal_medewerkers aantal_werknemers bedrijfsgrootte numero_dipendenti
        dipendenti liczba_pracownikow numero_de_funcionarios""",
}
"""The most telling name first."""
_ADDRESSES = """
    address addresses primary_address company_address business_address billing_address mailing_address postal_address
    visiting_address office_address invoice_address work_address location adress adresse direccion indirizzo geo_address
    address_info address_details headquarters"""
_OBJECTS = frozenset(_ADDRESSES.split())
"""An address that is an object, or a line of text."""
_LINES = _OBJECTS | {
    "full_address",
    "formatted_address",
    "address_line",
    "besoksadress",
    "postadress",
    "org_address",
    "where",
}
_BY_NAME = {label(name): (fact, rank) for fact, names in _NAMES.items() for rank, name in enumerate(names.split())}
_PARTS = re.compile(r"[\n\r,;]+")
LONGEST = 200
"""Characters of an answer that can be one of these facts; an address may be a line as long."""
MAX_PARTS = 10


def fact_named(name: str) -> str | None:
    """Which of the facts a field's name means; None for any other."""
    entry = _BY_NAME.get(label(name))
    return entry[0] if entry else None


def firm_facts(fields: Mapping[str, JsonValue]) -> dict[str, str]:
    """The most telling answer to each, by our names; {} where nothing of the kind is said. What cannot be read as the fact
    that its name means (a country that is none) is none of it, and the next name is asked."""
    best: dict[str, tuple[int, str]] = {}
    names = names_of(fields)
    for name, value, penalty in _answers_with_penalty(fields, names):
        entry = _BY_NAME.get(name)
        if entry is None:
            continue
        fact, rank = entry[0], entry[1] + penalty
        if rank < best.get(fact, (9999, ""))[0] and (answer := _answer(fact, value)) is not None:
            best[fact] = (rank, answer)
    answers = {fact: answer for fact, (_, answer) in best.items()}
    return answers if answers.keys() >= {"city", "postcode", "country"} else {**_of_lines(fields, names), **answers}


def company_facts(raw: Mapping[str, JsonValue]) -> dict[str, str]:
    """Of a company's own object what `Company` has, by its names, beside the name; what it says of a language is nobody's."""
    facts = firm_facts(raw)
    facts.pop("language", None)
    return facts


def company_from(raw: Mapping[str, JsonValue], name: str | None) -> Company:
    """A company of this name with what its own object says of it."""
    facts: JsonObject = {**company_facts(raw), "name": name}
    return Company(**facts)


def address_facts(raw: Mapping[str, JsonValue]) -> dict[str, str]:
    """Of somebody's object where they are, as far as an address that is an object of its own says it."""
    inner = {key: value for key, value in islice(raw.items(), 300) if isinstance(value, COMPOSITE)}
    if not inner:
        return {}
    facts = firm_facts({key: value for key, value in inner.items() if label(str(key)) in _OBJECTS})
    return {name: facts[name] for name in ("country", "region", "city", "postcode") if name in facts}


def _answers_with_penalty(fields: Mapping[str, JsonValue], names: Names) -> Iterator[tuple[str, JsonValue, int]]:
    """(name as compared, value, how much less it tells): the answers, then those of an address of its own."""
    for key, name in _telling(names):
        value = fields[key]
        yield name, value, 0
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        if name in _OBJECTS and isinstance(inner, dict):
            yield from ((label(str(k)), v, 500) for k, v in islice(inner.items(), 50))


@cache_by_names
def _telling(names: Names) -> tuple[tuple[str, str], ...]:
    """(name, as it is compared) of those that mean one of the facts, or an address that may hold some."""
    told = ((name, label(name.removesuffix("__c"))) for name in names)  # a field of one's own, as Salesforce names it
    return tuple((name, plain) for name, plain in told if plain in _BY_NAME or plain in _OBJECTS)


@cache_by_names
def _lines(names: Names) -> Names:
    """Those under which an address may be written in one line."""
    return tuple(name for name in names if label(name) in _LINES)


def _answer(fact: str, value: JsonValue) -> str | None:
    answer = text(value[0] if isinstance(value, list) and len(value) == 1 else value)
    if isinstance(value, dict):
        answer = next((held for k in ("name", "label", "value", "code") if (held := text(value.get(k)))), None)
    if answer is None or len(answer) > LONGEST:
        return None
    match fact:
        case "country":
            return answer if country_code(answer) is not None else None
        case "domain":
            return answer if host_of(answer) is not None else None
        case "postcode":
            return answer if post_code(answer) is not None else None
        case _:
            return answer if len(answer) <= 100 and any(map(str.isalnum, answer)) else None


def _of_lines(fields: Mapping[str, JsonValue], names: Names) -> dict[str, str]:
    """Postcode, town and country of an address that is written in one: `Storgatan 1, 211 20 Malmö, Sverige`."""
    found: dict[str, str] = {}
    for name in _lines(names):
        said = text(fields[name])
        if said is None or len(said) > LONGEST:
            continue
        for part in map(str.strip, _PARTS.split(said)[:MAX_PARTS]):
            if (town := town_of(part)) is not None:
                found.setdefault("city", town)
                found.setdefault("postcode", part)
            if (code := country_of_code(part) or (country_code(part) if len(part) > 2 else None)) is not None:
                found.setdefault("country", code)
    return found
