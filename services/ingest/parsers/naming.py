"""Which fact a field's name means, in the languages of the people who make forms. A name that could mean another is none.

Names are compared as `label` writes them: lower case, words parted by `_`, without accents.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NAMES: dict[str, str] = {
    "email": """
        email e_mail mail email_address e_mail_address emailaddress mail_address work_email business_email company_email
        personal_email email_1 primary_email person_email invitee_email attendee_email subscriber_email
        epost e_post epostadress e_postadress mejl mejladress mailadress e_mailadress e_mail_adresse
        emailadresse email_adresse mailadresse courriel adresse_email adresse_e_mail adresse_mail adresse_courriel
        adresse_electronique correo correo_electronico direccion_de_correo direccion_de_correo_electronico epostadresse
        e_postadresse sahkoposti sahkopostiosoite emailadres e_mailadres mailadres indirizzo_email posta_elettronica
        endereco_de_email adres_email business_e_mail work_e_mail email_id""",
    "first_name": """
        first_name firstname first_names fname given_name givenname forename name_first fornamn tilltalsnamn prenom
        vorname nombre nombre_de_pila primer_nombre fornavn etunimi voornaam primeiro_nome imie""",
    "last_name": """
        last_name lastname lname surname family_name familyname name_last second_name efternamn nom nom_de_famille
        nachname familienname apellido apellidos primer_apellido etternavn efternavn sukunimi achternaam familienaam
        cognome sobrenome apelido nazwisko""",
    "full_name": """
        full_name fullname name namn your_name complete_name display_name client_name contact_name customer_name
        person_name lead_name attendee_name invitee_name guest_name visitor_name respondent_name parent_name contact_person
        first_and_last_name name_surname for_och_efternamn fornamn_och_efternamn namn_och_efternamn fullstandigt_namn
        hela_namnet kontaktperson nom_complet nom_et_prenom prenom_et_nom nom_prenom vollstandiger_name vor_und_nachname
        vorname_nachname vorname_und_nachname ansprechpartner nombre_completo nombre_y_apellido nombre_y_apellidos navn
        fullt_navn fulde_navn for_og_etternavn for_og_efternavn nimi koko_nimi etu_ja_sukunimi naam volledige_naam
        voor_en_achternaam contactpersoon nome_completo nome_e_cognome nome""",
    "phone": """
        phone phone_number phonenumber phone_no phone_nr telephone telephone_number tel tel_number mobile mobile_phone
        mobile_number mobile_no mobilephone work_number mobile_no cell cell_phone cellphone contact_number contact_phone work_phone business_phone home_phone
        primary_phone phone_1 whatsapp whatsapp_number text_reminder_number sms_reminder_number sms_number telefon telefonnummer telnr tel_nr tfn
        mobil mobilnummer mobiltelefon mobil_nr telefonnr handynummer handy rufnummer telefonnumer numero_de_telephone telephone_portable
        portable tel_portable mobile_portable numero_de_tel telefono numero_de_telefono telefono_movil movil celular
        tlf tlf_nr tlfnr puhelin puhelinnumero matkapuhelin gsm telefoonnummer telefoon mobiel mobiele_nummer
        mobiel_nummer cellulare numero_di_telefono telefone numero_telefonu""",
    "company": """
        company company_name companyname organization organisation organization_name organisation_name org org_name orgname
        business_name business your_company employer employer_name firm firm_name account_name customer_acct_name work_company company_organization
        foretag foretagsnamn foretagets_namn bolag bolagsnamn firma firmanamn organisationsnamn arbetsgivare arbetsplats
        firmenname unternehmen unternehmensname societe nom_de_la_societe nom_de_l_entreprise entreprise nom_entreprise nom_societe
        raison_sociale empresa nombre_de_la_empresa compania nombre_empresa razon_social selskap selskapsnavn
        bedrift bedriftsnavn firmanavn virksomhed virksomhedsnavn virksomhet yritys yrityksen_nimi organisaatio
        bedrijf bedrijfsnaam organisatie azienda nome_azienda ragione_sociale nome_da_empresa""",
    "domain": "domain website company_domain company_website web_site webbplats hemsida webseite site_web sitio_web nettside hjemmeside verkkosivu website_url",
}  # fmt: skip
_BY_NAME: dict[str, tuple[str, int]] = {}
for _fact, _names in _NAMES.items():
    for _rank, _name in enumerate(_names.split()):
        _BY_NAME.setdefault(_name, (_fact, _rank))
_BEFORE = re.compile(
    r"^(?:q\d+_|\d+_|input_|field_|text_|form_|wpforms_|fields_|cf_|answer_|question_|f\d+_|your_|my_|contact_|lead_|customer_|client_|user_|"
    r"person_|visitor_|submitter_|billing_|buyer_|prospect_|attendee_|ditt_|din_|dit_|ert_|er_|votre_|ihr_|ihre_|deine_|dein_|tu_|su_|"
    r"jouw_|uw_|je_|il_tuo_|sinun_|what_s_your_|whats_your_|what_is_your_|what_are_your_|please_enter_your_|please_provide_your_|"
    r"enter_your_|vad_heter_du_|vad_ar_(?:ditt|din)_|quel_est_votre_|quelle_est_votre_|wie_lautet_(?:ihr|ihre|deine|dein)_|the_|"
    r"cual_es_(?:tu|su)_|wat_is_(?:je|uw|jouw)_)"
)
_AFTER = re.compile(
    r"(?:_field|_input|_text|_required|_obligatoriskt|_obligatorisk|_pflichtfeld|_obligatoire|_optional|_valfritt|_\d{1,2}|_?\d{1,2})$"
)
_WEAK = re.compile(r"^(?:form|field|text|user|input|question|answer|fields)_")
"""Prefixes after which `name` is the name of a form, a field or an account."""
_WHOLE = {
    "vad_heter_du": "full_name",
    "what_s_your_name": "full_name",
    "wie_heissen_sie": "full_name",
    "wie_heisst_du": "full_name",
    "comment_vous_appelez_vous": "full_name",
    "como_te_llamas": "full_name",
    "hva_heter_du": "full_name",
    "hvad_hedder_du": "full_name",
    "var_jobbar_du": "company",
    "vilket_foretag_jobbar_du_pa": "company",
    "vilket_foretag_arbetar_du_pa": "company",
    "which_company_do_you_work_for": "company",
    "what_company_do_you_work_for": "company",
    "where_do_you_work": "company",
}
_OTHERS = frozenset(
    [
        "cc",
        "bcc",
        "sender",
        "send",
        "creator",
        "admin",
        "staff",
        "host",
        "organizer",
        "organiser",
        "assignee",
        "support",
        "child",
        "children",
        "student",
        "kid",
        "pet",
        "partner",
        "spouse",
        "emergency",
        "reference",
        "referrer",
        "referral",
        "refered",
        "friend",
        "owner",
        "agent",
        "rep",
        "manager",
        "event",
        "product",
        "file",
        "job",
        "user",
        "form",
        "page",
        "campaign",
        "list",
        "course",
        "school",
        "barn",
        "elev",
        "kind",
        "enfant",
        "hijo",
    ]
)
"""Words beside a name that make it the name of somebody or something else."""
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "œ": "oe", "’": "_", "'": "_"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAPS = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def label(name: str) -> str:
    """A field's name or a question as the table has it: `E-Mail*`, `e_mail` and `eMail` are the same."""
    parted = _CAMEL.sub("_", name[:200])
    folded = unicodedata.normalize("NFKD", parted.casefold().translate(_LETTERS))
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return _GAPS.sub("_", bare).strip("_")


@lru_cache(maxsize=4096)
def meaning(name: str) -> tuple[str, int] | None:
    """(our fact, rank: the smaller the more telling) of a field's name; None for one that means nothing to us."""
    said = label(name)
    if said in _WHOLE:
        return _WHOLE[said], 0
    for penalty in (0, 200, 400, 600):
        if (found := _BY_NAME.get(said)) is not None:
            return found[0], found[1] + penalty
        shorter = _BEFORE.sub("", said, count=1)
        if shorter in ("name", "company", "organization", "business") and _WEAK.match(said):
            return None
        shorter = shorter if shorter != said else _AFTER.sub("", said, count=1)
        if not shorter or shorter == said:
            break
        said = shorter
    return _by_words(label(name))


def _by_words(said: str) -> tuple[str, int] | None:
    """Short questions such as `What is your work e-mail?`: one telling word and none that names another thing."""
    words = said.split("_")
    if not 1 < len(words) <= 8 or _OTHERS & set(words):
        return None
    joined = set(words) | {"_".join(pair) for pair in zip(words, words[1:], strict=False)}
    # Of the two ends of a message, neither is sure to be the lead; one that is called the lead is.
    rank = (
        950
        if words[0] in ("from", "to", "reply")
        else 850
        if {"lead", "contact", "customer", "prospect"} & set(words)
        else 900
    )
    for fact, telling in _TELLING:
        if telling & joined:
            return fact, rank
    return None


_TELLING = (
    ("email", frozenset(["email", "e_mail", "mail", "epost", "e_post", "mejl", "courriel", "correo", "sahkoposti", "mailadress", "epostadress", "emailadres"])),
    ("phone", frozenset(["phone", "telephone", "telefon", "telefonnummer", "telefono", "telefoonnummer", "puhelinnumero", "mobilnummer", "mobile_number"])),
    ("first_name", frozenset(["first_name", "firstname", "fornamn", "prenom", "vorname", "fornavn", "etunimi", "voornaam"])),
    ("last_name", frozenset(["last_name", "lastname", "surname", "efternamn", "nachname", "etternavn", "efternavn", "sukunimi", "achternaam", "apellidos"])),
    ("full_name", frozenset(["full_name", "fullname", "your_name", "nombre_completo", "nom_complet"])),
    ("company", frozenset(["company_name", "your_company", "foretagsnamn", "nom_entreprise", "bedrijfsnaam", "firmenname"])),
)  # fmt: skip
"""Words of which one is enough inside a longer label."""
