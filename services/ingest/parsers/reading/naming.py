"""Which fact a field's name means, in the languages of the people who make forms. A name that could mean another is none.

Names are compared as `label` writes them: lower case, words parted by `_`, without accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from services.ingest.parsers.reading.tables import word_set

Found = TypeVar("Found")
LONGEST_NAME = 200
"""Characters of a name that are looked at."""
REMEMBERED = 4096
"""Names of which a function's answer is kept."""
_NAMES: dict[str, str] = {
    "email": """
        email e_mail mail email_address e_mail_address emailaddress mail_address work_email business_email company_email
        personal_email email_1 primary_email person_email invitee_email attendee_email subscriber_email
        epost e_post epostadress e_postadress mejl mejladress mailadress e_mailadress e_mail_adresse
        emailadresse email_adresse mailadresse courriel adresse_email adresse_e_mail adresse_mail adresse_courriel
        adresse_electronique correo correo_electronico direccion_de_correo direccion_de_correo_electronico epostadresse
        e_postadresse sahkoposti sahkopostiosoite emailadres e_mailadres mailadres indirizzo_email posta_elettronica
        endereco_de_email adres_email business_e_mail work_e_mail email_id почта эл_почта электронная_почта имейл пошта
        електронна_пошта
        eposta e_posta e_posta_adresi email_cim email_cime adresa_e_mail adres_e_mail surel alamat_email ηλεκτρονικη_διευθυνση
        メールアドレス メール eメール 電子メール 邮箱 电子邮箱 电子邮件 邮件 電子郵件 電子信箱 信箱 이메일 이메일_주소 전자우편
        البريد_الإلكتروني البريد_الالكتروني الايميل الإيميل אימייל דואר_אלקטרוני""",
    "first_name": """
        first_name firstname first_names fname given_name givenname forename name_first fornamn tilltalsnamn prenom
        vorname nombre nombre_de_pila primer_nombre fornavn etunimi voornaam primeiro_nome imie
        jmeno krestni_jmeno meno krstne_meno keresztnev prenume ονομα adınız nama_depan 名 下の名前 الاسم_الأول שם_פרטי""",
    "last_name": """
        last_name lastname lname l_name surname family_name familyname name_last second_name efternamn nom nom_de_famille
        nachname familienname apellido apellidos primer_apellido etternavn efternavn sukunimi achternaam familienaam
        cognome sobrenome apelido nazwisko фамилия прізвище
        prijmeni priezvisko vezeteknev nume soyad soyadı soyadınız soyisim επωνυμο nama_belakang 姓 苗字 اسم_العائلة שם_משפחה""",
    "full_name": """
        full_name fullname f_name your_name push_name notify_name profile_name patient_name donor_name complete_name contact_name customer_name lead_name person_name attendee_name invitee_name
        guest_name visitor_name respondent_name real_name realname caller_name callername client_name name namn display_name parent_name contact_person
        first_and_last_name name_surname for_och_efternamn fornamn_och_efternamn namn_och_efternamn fullstandigt_namn
        hela_namnet kontaktperson nom_complet nom_et_prenom prenom_et_nom nom_prenom vollstandiger_name vor_und_nachname
        vorname_nachname vorname_und_nachname ansprechpartner nombre_completo nombre_y_apellido nombre_y_apellidos navn
        fullt_navn fulde_navn for_og_etternavn for_og_efternavn nimi koko_nimi etu_ja_sukunimi naam volledige_naam
        voor_en_achternaam contactpersoon nome_completo nome_e_cognome nome imie_i_nazwisko фио имя_и_фамилия имя полное_имя
        ім_я піб
        jmeno_a_prijmeni cele_jmeno meno_a_priezvisko nev teljes_nev nume_complet nume_si_prenume ονοματεπωνυμο ad_soyad adı_soyadı isim isim_soyisim
        ho_va_ten ho_ten nama nama_lengkap お名前 名前 氏名 ご氏名 姓名 名字 이름 성명 성함 الاسم الاسم_الكامل שם שם_מלא""",
    "phone": """
        phone phone_number phonenumber phone_no phone_nr telephone telephone_number tel tel_number mobile mobile_phone
        mobile_number mobile_no mobilephone work_number mobile_no cell cell_phone cellphone contact_number contact_phone work_phone business_phone home_phone
        primary_phone phone_1 whatsapp whatsapp_number whats_app whats_app_number whats_app_nummer numero_de_whats_app numero_whats_app text_reminder_number sms_reminder_number sms_number telefon telefonnummer telnr tel_nr tfn
        mobil mobilnummer mobilnr mobiltelefon mobiltel kontaktnummer ruckrufnummer telefon_nr ruckruf_nummer mobil_nr telefonnr handynummer handy rufnummer telefonnumer numero_de_telephone telephone_portable
        portable tel_portable mobile_portable numero_de_tel telefono numero_de_telefono telefono_movil movil celular
        tlf tlf_nr tlfnr puhelin puhelinnumero matkapuhelin gsm telefoonnummer telefoonnr telefoon_nr telefoon gsm_nummer gsm_nr mobiel mobiele_nummer
        mobiel_nummer cellulare numero_di_telefono telefone numero_telefonu nr_telefonu nr_tel nr_komorkowy telefon_komorkowy telefon_kontaktowy numer_kontaktowy callernum caller_number caller_phone caller_phone_number raw_digits external_number wa_id
        телефон номер_телефона мобильный_телефон мобільний_телефон номер_телефону
        telefonszam telefonni_cislo telefonne_cislo telefon_numarası cep_telefonu numar_de_telefon τηλεφωνο κινητο so_dien_thoai dien_thoai
        telepon nomor_telepon no_telepon 電話番号 お電話番号 電話 携帯電話 携帯番号 电话 电话号码 联系电话 手机 手机号 手机号码 手機 手機號碼 聯絡電話
        전화번호 연락처 휴대폰 휴대폰_번호 휴대전화 رقم_الهاتف الهاتف رقم_الجوال الجوال טלפון נייד""",
    "company": """
        company company_name companyname organization organisation organization_name organisation_name org org_name orgname
        business_name business your_company employer employer_name firm firm_name account_name accountname customer_acct_name work_company company_organization
        foretag foretagsnamn foretagets_namn bolag bolagsnamn firma firmanamn organisationsnamn arbetsgivare arbetsplats
        firmenname unternehmen unternehmensname societe nom_de_la_societe nom_de_l_entreprise entreprise nom_entreprise nom_societe
        raison_sociale empresa nombre_de_la_empresa compania nombre_empresa razon_social selskap selskapsnavn
        bedrift bedriftsnavn firmanavn virksomhed virksomhedsnavn virksomhet yritys yrityksen_nimi organisaatio
        bedrijf bedrijfsnaam organisatie azienda nome_azienda ragione_sociale nome_da_empresa компания организация компанія організація
        spolecnost spolocnost nazev_firmy ceg cegnev companie numele_companiei εταιρεια επωνυμια şirket şirket_adı cong_ty ten_cong_ty perusahaan
        nama_perusahaan 会社名 会社 企業名 貴社名 御社名 公司 公司名称 公司名稱 单位 企业名称 회사 회사명 الشركة اسم_الشركة חברה שם_החברה""",
    "domain": "domain website company_domain company_website web_site webbplats hemsida webseite site_web sitio_web nettside hjemmeside verkkosivu website_url",
}
_BEFORE = re.compile(
    r"^(?:q\d+_|\d+_|input_|field_|text_|form_|wpforms_|fields_|cf_|answer_|question_|f\d+_|your_|my_|contact_|lead_|customer_|client_|user_|"
    r"person_|visitor_|submitter_|requester_|registrant_|applicant_|respondent_|participant_|subscriber_|invitee_|guest_|booker_|"
    r"purchaser_|billing_|patient_|donor_|signer_|reviewer_|payer_|voter_|buyer_|prospect_|attendee_|ditt_|din_|dit_|ert_|er_|votre_|ihr_|ihre_|deine_|dein_|tu_|su_|"
    r"jouw_|uw_|je_|il_tuo_|sinun_|what_s_your_|whats_your_|what_is_your_|what_are_your_|please_enter_your_|please_provide_your_|"
    r"enter_your_|enter_|vad_heter_du_|vad_ar_(?:ditt|din)_|quel_est_votre_|quelle_est_votre_|wie_lautet_(?:ihr|ihre|deine|dein)_|the_|"
    r"cual_es_(?:tu|su)_|wat_is_(?:je|uw|jouw)_)"
)
_AFTER = re.compile(
    r"(?:_field|_input|_text|_required|_obligatoriskt|_obligatorisk|_pflichtfeld|_obligatoire|_optional|_valfritt|_必須|_必填|_필수|_\d{1,2}|_?\d{1,2})$"
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
_OTHERS = word_set("""
    cc bcc sender send creator admin staff host organizer organiser assignee support child children student kid pet
    partner spouse emergency reference referrer referral refered friend colleague colleagues coworker kollega
    kollege collegue collega boss chef owner agent responsible assigned browser device rep manager event product
    file job user form page campaign list course school barn elev kind enfant hijo status verified valid consent
    type hash subject template
""")
"""Words beside a name that make it the name of somebody or something else."""
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "œ": "oe", "’": "_", "'": "_"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAPS = re.compile(r"[\W_]+")


def cache_by_name(function: Callable[[str], Found]) -> Callable[[str], Found]:
    """The same function with what it said of some thousand names. A sender may write a mebibyte where a name stands: of such
    nothing is remembered, or the memory would be theirs."""
    # What is known is found without a call of ours: names are looked up a thousand times for one event.
    return _Memory(function).__getitem__


class _Memory(dict[str, Found]):
    """What a function said of names; it is emptied once there are too many, which strangers choose."""

    def __init__(self, function: Callable[[str], Found]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, name: str) -> Found:
        result = self._function(name)
        if len(name) <= LONGEST_NAME:
            if len(self) >= REMEMBERED:
                self.clear()
            self[name] = result
        return result


def fold(name: str) -> str:
    """As `label`, of what is no name of a field and is not to be remembered as one."""
    parted = _CAMEL.sub("_", name[:LONGEST_NAME])
    if parted.isascii():
        return _GAPS.sub("_", parted.lower()).strip("_")
    folded = unicodedata.normalize("NFKD", parted.casefold().translate(_LETTERS))
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return _GAPS.sub("_", bare).strip("_")


@cache_by_name
def label(name: str) -> str:
    """A field's name or a question as the table has it: `E-Mail*`, `e_mail` and `eMail` are the same."""
    return fold(name)


_BY_NAME: dict[str, tuple[str, int]] = {}
for _fact, _names in _NAMES.items():
    for _rank, _name in enumerate(_names.split()):
        # As `label` writes it: the table may hold letters that it takes apart.
        _BY_NAME.setdefault(label(_name), (_fact, _rank))


_SECRET = re.compile(
    r"(?:\w+_)?(?:secret|token|password|passwd|passphrase|api_?key|access_key|private_key|write_key|handshake_key|secret_key|google_key|"
    r"session_?id|(?:re|h)?captcha(?:_response)?|turnstile_response|wpnonce|csrf|xsrf)\d?|pass|pwd|auth|authorization|signature|"
    r"(?:confirm|repeat|new|old)_(?:password|pass|pwd)|password_\w+|csrf\w*|losenord|kennwort|passwort|mot_de_passe|contrasena"
)


@cache_by_name
def is_secret(name: str) -> bool:
    """A field that a sender proves itself by, or a person: a password, a token, a key, a captcha's answer."""
    return _SECRET.fullmatch(label(name)) is not None


_PART_OF = """id ids uid uuid guid sid url uri link at on count code country format prefix extension label"""
_ASPECTS = frozenset(_PART_OF.split())
"""Last words that make a name one of something about the fact: `phone_number_id` is no number."""
_ACCOUNTS = """username user_name login login_name identifier handle contact lead customer subscriber attendee registrant respondent
    signer invitee guest visitor patient donor reviewer requester buyer"""
_LOGINS = frozenset(_ACCOUNTS.split())


def is_login(name: str) -> bool:
    """A field that may hold somebody's address under the name of an account, or of the person."""
    return label(name) in _LOGINS


_ENDS = frozenset(["from", "to", "reply", "recipient", "envelope", "notify", "notification", "our"])


@cache_by_name
def is_anothers(name: str) -> bool:
    """A field of somebody or something else than the one who filled in a form, as far as its name says."""
    plain = label(name)
    if _is_of_ours(plain):
        return True
    words = plain.split("_")
    several = [word.removesuffix("s") for word in words]
    return not _OTHERS.isdisjoint((*words, *several)) or words[0] in _ENDS or words == ["account"]


_ID_OF_A_THING = re.compile(
    r"(?:\w+_)?(?:message_id|msg_id|mail_id|thread_id|storage_id|folder_id|uid|references|in_reply_to)"
)


@cache_by_name
def is_id_of_a_thing(name: str) -> bool:
    """A field of an id that may be written like an address: of a mail, an entry of a calendar, a folder."""
    return _ID_OF_A_THING.fullmatch(label(name)) is not None


_PAST = (
    r"(?:old|previous|prev|former|prior|past|gammal|gamla|tidigare|forra|alte?|bisherige|vorherige|ancien(?:ne)?|precedente?|anterior|antiguo|antigua|"
    r"vecchi[oa]|oude|vorige|gamle|tidligere|vanha|entinen|stary|poprzedni|staryy|старый|прежний|before)"
)
_MAIL = r"(?:e_?mails?|mails?|e_?post|e_?postadress|mejl|courriel|correo|email_address(?:es)?|mail_address|emailaddress|mailadresse|sahkoposti|почта)"
_FORMER = re.compile(
    rf"(?:\w{{1,60}}_)?{_PAST}_(?:\w{{1,60}}_)?{_MAIL}(?:_address)?|(?:\w{{1,60}}_)?{_MAIL}(?:_address)?_{_PAST}"
)
_NEW = r"(?:new|ny|nya|neue?|nouv(?:eau|elle)|nuev[oa]|nuov[oa]|nieuwe?|uusi|updated|changed|current)"
_NEW_ADDRESS = re.compile(rf"(?:\w{{1,60}}_)?{_NEW}_{_MAIL}|(?:\w{{1,60}}_)?{_MAIL}_{_NEW}")


@cache_by_name
def is_former(name: str) -> bool:
    """Whether a field of this name holds an address that somebody had before."""
    return _FORMER.fullmatch(label(name)) is not None


@cache_by_name
def is_new_address(name: str) -> bool:
    """Whether it holds the address that somebody has from now on."""
    return _NEW_ADDRESS.fullmatch(label(name)) is not None


_PROGRAMS = ("_client_info_", "_user_agent_", "_browser_", "_platform_info_", "_device_info_", "_os_")


def _is_of_ours(plain: str) -> bool:
    """The number at which a business is written to, a program's name, and whoever owns a thing; `plain` as `label` writes it."""
    if plain == "display_phone_number" or plain.endswith("_owner"):
        return True
    return plain.endswith("_name") and any(program in f"_{plain}" for program in _PROGRAMS)


@cache_by_name
def meaning(name: str) -> tuple[str, int] | None:
    """(our fact, rank: the smaller the more telling) of a field's name; None for one that means nothing to us."""
    plain = label(name)
    if plain in _WHOLE:
        return _WHOLE[plain], 0
    if _is_of_ours(plain) or _FORMER.fullmatch(plain):
        return None
    if _NEW_ADDRESS.fullmatch(plain):
        return "email", -1
    for penalty in (0, 200, 400, 600):
        if (hit := _BY_NAME.get(plain)) is not None:
            return hit[0], hit[1] + penalty
        if plain.endswith("s") and (several := _BY_NAME.get(plain[:-1], ("", 0)))[0] in ("email", "phone"):
            return several[0], several[1] + penalty + 100
        before = _BEFORE.match(plain)
        shorter = plain[before.end() :] if before else plain
        if shorter in ("name", "company", "organization", "business") and _WEAK.match(plain):
            return None
        shorter = shorter if shorter != plain else _AFTER.sub("", plain, count=1)
        if not shorter or shorter == plain:
            break
        plain = shorter
    return _by_words(label(name))


def _by_words(plain: str) -> tuple[str, int] | None:
    """Short questions such as `What is your work e-mail?`: one telling word and none that names another thing."""
    words = plain.split("_")
    if not 1 < len(words) <= 8 or not _OTHERS.isdisjoint(words) or words[-1] in _ASPECTS:
        return None
    if _WORDS.isdisjoint(words):
        return None
    joined = {"_".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)}
    # Of the two ends of a message, neither is sure to be the lead; one that is called the lead is.
    rank = (
        950
        if words[0] in ("from", "to", "reply")
        else 850
        if {"lead", "contact", "customer", "prospect"} & set(words)
        else 900
    )
    for fact, telling in _TELLING:
        if not telling.isdisjoint(joined):
            return fact, rank
    return next(((fact, rank) for fact, question in _ASKED if question.fullmatch(plain)), None)


_ALONE = {
    "email": frozenset(_NAMES["email"].split()),
    "phone": frozenset(_NAMES["phone"].split()),
    # `company`, `nom` or `navn` inside a question say little: these are the names that nothing else is called by.
    "first_name": frozenset(_NAMES["first_name"].split()) - {"nombre", "imie", "first_names"},
    "last_name": frozenset(_NAMES["last_name"].split()) - {"nom", "second_name"},
    "full_name": frozenset(
        name for name in _NAMES["full_name"].split() if ("_" in name or name == "fullname") and name != "display_name"
    ),
    "company": frozenset(
        name
        for name in _NAMES["company"].split()
        if len(name) > 9 and ("name" in name or "namn" in name or "nom_" in name)
    ),
}
_TELLING = tuple((fact, frozenset(map(label, names))) for fact, names in _ALONE.items())
"""Words of which one is enough inside a longer label."""
_QUESTIONED = "nummer number numero foretag company unternehmen entreprise empresa virksomhed bedrift bedrijf"
_WORDS = frozenset(_QUESTIONED.split()).union(*(name.split("_") for _, names in _TELLING for name in names))
"""A label without one of these tells nothing, which is most of them."""
_NUMBER = r"(?>(?:.*?_)?(?:vilket|what|which|welche[rn]?|quel)_(?:tele|phone_)?(?:nummer|number|numero)_)(?:.*_)?"
_REACH = r"(?:nar|reach|call|erreichen|joindre)(?:_.*)?"
_WHICH = r"(?:vilket|which|what|welches|quelle|que|hvilken|hvilket|welk)_"
_FIRM = r"(?:foretag|company|unternehmen|entreprise|empresa|virksomhed|bedrift|bedrijf)_"
_WORK = r"(?:representerar|arbetar|jobbar|do_you_work|do_you_represent|are_you|vertreten|representez|representa|werk).*"
_ASKED = (("phone", re.compile(_NUMBER + _REACH)), ("company", re.compile(_WHICH + _FIRM + _WORK)))
"""Questions that ask for a fact without its name."""
