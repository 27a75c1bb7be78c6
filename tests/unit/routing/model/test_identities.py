"""What names a lead and what tells of its company: verified numbers, domains of mail services, brands."""

import pytest

from routing.model.identity import names_somebody, resolve
from schemas.signals import Company, Kind, Parsed, Person
from schemas.sources import Scheme, Source, SourcesFile
from schemas.yamlfile import FileError, load, problems_of
from services.ingest.normalising.free_mail import is_free_mail
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.finishing.profile import with_profile
from tests.setups import START

SIGNED = Scheme(scheme="token", header="x", secrets=("STAFETT_SECRET_X",))


def made(source=None, fields=None, **more):
    source = source or Source(name="s", kind="form", verify=Scheme(scheme="none"), region="SE")
    parsed = Parsed(kind=Kind.FORM_SUBMITTED, dedupe_key="1", fields=fields or {}, **more)
    return to_signal(with_profile(parsed), source, START, b"k")


def proves(signal):
    """Whether its number names somebody by itself."""
    return any(identity.kind == "phone" and identity.verified for identity in signal.identities)


def sms(**more):
    return Source(name="sms", kind="generic", verify=SIGNED, region="SE", **more)


def test_a_number_that_a_source_has_proven_names_a_lead_and_finds_it_again():
    number = Person(phone="070-123 45 67")
    first = made(sms(phone_verified=True), person=number)
    assert names_somebody(first)
    linked = {(first.brand, i.kind, i.digest): "lead_1" for i in resolve(first, {}).unlinked}
    assert resolve(made(sms(phone_verified=True), person=Person(phone="+46701234567")), linked).lead_id == "lead_1"
    assert resolve(made(person=number), linked).lead_id is None, "whether anything contradicts is asked of the lead"
    assert resolve(made(person=number), linked).others == (("lead_1", ("phone", "like_phone")),)


def test_a_number_is_proven_where_a_verified_sender_says_so_and_nowhere_else():
    number, says = Person(phone="0701234567"), {"phone_verified": True}
    assert proves(made(sms(), says, person=number))
    assert proves(made(sms(), person=number, phone_verified=True))
    assert not proves(made(sms(), {"phone_verified": "no"}, person=number))
    assert not proves(made(fields=says, person=number)), "anybody can post to an unverified source"
    with pytest.raises(ValueError, match="needs a `verify` scheme"):
        Source(name="web", kind="form", verify=Scheme(scheme="none"), phone_verified=True)


@pytest.mark.parametrize(
    "domain",
    [
        "online.no", "hotmail.no", "outlook.dk", "comhem.se", "t-online.de", "hotmail.co.uk", "gmail.com", "telia.com",
        "live.se", "yahoo.com.br", "gmx.net", "web.de", "icloud.com", "elisanet.fi", "proton.me", "simnet.is",
    ],
)  # fmt: skip
def test_strangers_at_a_mail_service_or_provider_are_not_one_account(domain):
    kinds = {
        identity.kind for identity in made(person=Person(email=f"anna@{domain}", full_name="Anna Berg")).identities
    }
    assert not kinds & {"domain", "like_name"}


@pytest.mark.parametrize(
    "domain", ["acme.example", "outlook.acme.com", "live.music", "hotmail-fans.se", "mail.acme.se"]
)
def test_a_domain_of_its_own_tells_of_the_company(domain):
    assert not is_free_mail(domain)
    assert "domain" in {identity.kind for identity in made(person=Person(email=f"a@{domain}")).identities}


def test_a_sources_file_adds_mail_domains_for_all_of_its_sources_and_a_company_said_so_is_believed_elsewhere():
    file = SourcesFile(
        version=1, free_mail=("bredband.example",), sources=({"name": "web", "kind": "form", "verify": {"scheme": "none"}},)
    )  # fmt: skip
    shared = file.with_file_defaults(file.sources[0])
    person = Person(email="anna@bredband.example")
    assert "domain" not in {identity.kind for identity in made(shared, person=person).identities}
    said = made(shared, person=person, company=Company(domain="acme.example")).identities
    assert "domain" in {identity.kind for identity in said}


def test_a_source_of_a_brand_that_nobody_agreed_on_is_named_with_its_line_and_the_likely_one():
    text = "version: 1\nsources:\n  - {name: web, kind: form, verify: {scheme: none}}\n  - name: no\n    kind: form\n"
    text += "    brand: nordlyss\n    verify: {scheme: none}\n"
    file = load(text, SourcesFile, "sources.yaml")
    (found,) = problems_of("sources.yaml", text, file.of_other_brands(("default", "nordlys")))
    assert found.startswith("sources.yaml:6: sources.1.brand: ") and found.endswith("did you mean `nordlys`?")


def test_an_agreement_has_a_brand():
    from tests.unit.routing.agreement.test_agreement import changed, problems

    assert "brands" in problems(changed(brands=[]))[0]
    with pytest.raises(FileError):
        load("version: 1\nfree_mail: [not a domain]\n", SourcesFile, "s.yaml")
