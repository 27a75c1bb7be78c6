"""What somebody unproven says of somebody whom the CRM knows: company, consent, in any order of arrival."""

from datetime import timedelta

from schemas.signals import Company, Consent
from tests.stories import HOUR
from tests.tales import Tale, fact

NO, YES = (Consent(purpose="marketing", state="withdrawn"),), (Consent(purpose="marketing", state="given"),)
CRM = {"proof": "signed", "company": Company(name="Target AB", country="SE", employees=120), "language": "sv"}
ANYBODY = {
    "proof": "none",
    "company": Company(name="Evil Ltd", country="NO", employees=9, city="Oslo"),
    "language": "no",
}
TOLD = fact(timedelta(0), "contact.updated", **CRM, consents=NO)
FORM = fact(HOUR, "form.submitted", **ANYBODY, consents=YES, tags=("news",))
CONFIRMED = fact(2 * HOUR, "contact.updated", proof="signed", consents=YES)


def what_was_proven_stands(outcome):
    lead = outcome.lead
    assert (lead.company_name, lead.company_country, lead.company_employees) == ("Target AB", "SE", 120)
    assert lead.language == "sv" and lead.proof == "signed"
    assert lead.company_city == "Oslo", "a gap is filled"
    assert sorted(lead.unproven) == ["company_city", "tag:news"]


def no_consent_was_given(outcome):
    what_was_proven_stands(outcome)
    assert outcome.lead.consents == {"marketing": "withdrawn"} and outcome.lead.suppressed == "consent_withdrawn"
    assert len(outcome.all("consent.requested")) == 1 and outcome.all("suppression.released") == []


def consent_was_confirmed(outcome):
    assert outcome.lead.consents == {"marketing": "given"} and outcome.lead.suppressed is None
    assert len(outcome.all("consent.requested")) <= 1


TALES = [
    Tale("a-stranger-says-otherwise", (TOLD, FORM), ((0, 1), (1, 0)), no_consent_was_given),
    Tale(
        "a-consent-asked-for-is-confirmed",
        (TOLD, FORM, CONFIRMED),
        ((0, 1, 2), (1, 0, 2), (0, 2, 1)),
        consent_was_confirmed,
    ),
    Tale(
        "a-wish-is-confirmed-whatever-comes-first",
        (
            fact(timedelta(0), "form.submitted", **ANYBODY, consents=YES),
            fact(HOUR, "contact.updated", **CRM, consents=YES),
        ),
        ((0, 1), (1, 0)),
        consent_was_confirmed,
    ),
]
