"""What rules the lives of leads in the properties: agreements that differ in all that can differ between two of them, and a
roster with capacities, hours, languages, teams and people who join and leave."""

from routing.agreement.agreement import compile_agreement
from routing.people.roster import Roster
from schemas.roster import RosterFile
from services.rules.ruling import Ruling
from tests.setups import EXAMPLES

TEXT = (EXAMPLES / "agreement.yaml").read_text()
OFFICE = {day: [["08:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
HOURS = {"zone": "Europe/Stockholm", "week": OFFICE}


def agreement(*changes):
    """The example's with these texts in place of those."""
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return compile_agreement(text)


FIELD = "      - name: everybody\n        pool: field\n"
HELD = agreement(
    (FIELD, FIELD + "        match_language: true\n        overflow: {hold: 9h business, calendar: stockholm}\n"),
    ("        pool: sdr\n", "        pool: sdr\n        overflow: {hold: 30h elapsed}\n"),
)
"""Who speaks the lead's language; the lead waits where everybody is full."""
ELSEWHERE = agreement(
    (FIELD, FIELD + "        overflow: {pool: key-accounts}\n"),
    ("signal.form_id in ['demo', 'contact-sales', 'pricing']", "signal.form_id == 'demo'"),
    ("      target: 24h elapsed\n      warnings: [4h elapsed, 1h elapsed]", "      target: 6h business\n      calendar: stockholm"),
    ("    - name: judged\n", "    - name: judged-soon\n"),
    ("      target: 10 business days\n", "      target: 3 business days\n"),
    ("    incomplete: finding", "    incomplete: block"),
    ("      ladder: [{do: escalate}]\n    # Large", "      ladder: [{do: escalate}, {after: 1h business, do: take_back}]\n    # Large"),
    ("  max_offers: 3", "  max_offers: 2"),
    ('closed_days: ["2027-07-19"', 'closed_days: ["2027-01-25", "2027-07-19"'),
    ("{reasons: [no time, wrong territory], to: next}", "{reasons: [no time, wrong territory], to: fallback}"),
    ("dialogue_ends: 30d elapsed", "dialogue_ends: 3d elapsed"),
)  # fmt: skip
"""Other promises, of which one is gone; another target, holiday, order of offers, and a dossier that keeps offers back."""
PLAIN = agreement(("  offer_expires: 4h business\n  calendar: stockholm\n", ""))
"""Offers do not expire."""
AGREEMENTS = (HELD, ELSEWHERE, PLAIN)
_NAMES = [set(made.policies.by_name) for made in AGREEMENTS]
ENDED = frozenset(set.union(*_NAMES) - set.intersection(*_NAMES))
"""Promises that not every agreement has."""
ALL = {made.hash: made for made in AGREEMENTS}

PEOPLE = [
    {"id": "sara", "roles": ["sdr"], "capacity": {"open": 3}, "hours": HOURS},
    {"id": "anders", "roles": ["sdr"], "languages": ["sv"]},
    {"id": "elin", "roles": ["sales"], "languages": ["sv", "en"], "successor": "karin", "capacity": {"open": 2, "per_day": 2}},
    {"id": "johan", "roles": ["sales"], "languages": ["sv"], "team": "north", "hours": HOURS},
    {"id": "karin", "roles": ["sales"], "languages": ["de"], "team": "north", "capacity": {"per_month": 20}},
    {"id": "olof", "roles": ["account_manager"], "capacity": {"open": 2}},
    {"id": "lena", "roles": ["marketing"]},
    {"id": "maja", "roles": ["manager", "sales"]},
]  # fmt: skip
SEATS = {
    "sdr": {"sara": 1, "anders": 2},
    "sdr-south": {"anders": 1},
    "field": {"elin": 1, "johan": 1, "karin": 0.5},
    "key-accounts": {"elin": 1},
    "account-managers": {"olof": 1},
}
ROSTER = Roster(
    RosterFile.model_validate(
        {
            "version": 1,
            "people": PEOPLE,
            "teams": [{"name": "north", "capacity": {"open": 3, "per_week": 9}}],
            "pools": [
                {"name": pool, "seats": [{"person": person, "weight": weight} for person, weight in seats.items()]}
                for pool, seats in SEATS.items()
            ],
        }
    )
)
JOINERS = [
    {"member": {"id": "nils", "roles": ["sales"], "languages": ["en"]}, "seats": {"field": 2, "key-accounts": 1}},
    *(
        {"member": next(m for m in PEOPLE if m["id"] == who), "seats": {"field": 1}}
        for who in ("johan", "karin", "elin")
    ),
    {"member": {"id": "rut", "roles": ["sdr"], "capacity": {"open": 1}}, "seats": {"sdr": 1}},
]
"""Somebody new, and those who may have left."""
RULING = Ruling(HELD, ROSTER, past=ALL)
