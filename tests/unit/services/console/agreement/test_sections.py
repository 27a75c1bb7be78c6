"""An agreement in sentences: nothing that both sides sign is left unsaid, and what two versions say otherwise is said."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.agreed import Withdrawal
from schemas.agreement import AgreementFile
from schemas.http import AgreementView, ApprovalView
from schemas.yamlfile import load, plain_data
from services.console.agreement.changes import changes_between
from services.console.agreement.sections import sections_of
from services.console.agreement.versions import version_line, waiting_approvals
from services.console.language.reader import reader_of
from services.rules.differences import file_differences
from tests.setups import EXAMPLES

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
READERS = {language: reader_of(language, "Europe/Stockholm", NOW) for language in ("en", "sv")}
EXAMPLE = (EXAMPLES / "agreement.yaml").read_text()


def changed(change):
    """The example, with a change."""
    data = plain_data(EXAMPLE)
    change(data)
    return json.dumps(data, ensure_ascii=False, indent=1, default=str)


def read(text, language="en"):
    return sections_of(load(text, AgreementFile, "agreement.yaml"), READERS[language])


def sentences(text, language="en"):
    return [line for section in read(text, language) for item in section.items for line in item.lines]


def differ(change, language="en"):
    found = changes_between(read(EXAMPLE, language), read(changed(change), language))
    return [(one.title, list(one.gone), list(one.new)) for one in found]


def test_the_example_is_told_without_a_word_of_ours():
    text = "\n".join(sentences(EXAMPLE))
    for words in (
        "Call or write: within 24 h, from the hand-over on.",
        "Broken, 4 h later: word goes to the managers.",
        "While the person is away, no time counts.",
        "The time stands still from when a tag was set (where the tag is “asked-to-wait”) until a tag was removed (where the tag is “asked-to-wait”).",
        "1. large accounts: When they have the tag “enterprise”, they go to key accounts, in fair turns.",
        "Where nobody of these can: Maja.",
        "At least 40 leads were handed over in a month.",
        "Friday: 08:00–12:00, 13:00–16:00",
        "Closed on the public holidays of Sweden.",
    ):
        assert words in text, words
    for ours in ("hand_over", "follow_up", "form.submitted", "signal.", "lead.t", "None", "business", "elapsed", "()"):
        assert ours not in text, ours


def test_all_of_it_is_said_in_swedish_too():
    english, swedish = sentences(EXAMPLE), sentences(EXAMPLE, "sv")
    assert len(english) == len(swedish)
    # What people wrote stays as they wrote it.
    same = [one for one in english if one in swedish]
    assert len(same) <= 14, same


def policy(name):
    return lambda data: next(one for one in data["sla"]["policies"] if one["name"] == name)


def test_what_two_versions_say_otherwise_is_said_in_sentences():
    def change(data):
        policy("follow-up")(data)["target"] = "8h elapsed"
        policy("follow-up")(data)["ladder"] = [{"after": "1h elapsed", "do": "escalate", "to": ["maja"]}]
        data["routing"]["hand_over"]["rules"].pop(0)
        data["sla"]["volumes"].pop(0)
        data["handover"]["max_offers"] = 1

    assert differ(change) == [
        (
            "Who takes over",
            ["1. large accounts: When they have the tag “enterprise”, they go to key accounts, in fair turns.", "2. everybody: Everybody goes to field, in fair turns."],
            ["1. everybody: Everybody goes to field, in fair turns."],
        ),
        ("Offers", ["A lead is offered to 3 people at most, then it goes back to marketing."], ["A lead is offered to 1 person at most, then it goes back to marketing."]),
        (
            "follow up (sales)",
            ["Call or write: within 24 h, from the hand-over on.", "Broken, at once: word goes to whoever promised it.", "Broken, 4 h later: word goes to the managers."],
            ["Call or write: within 8 h, from the hand-over on.", "Broken, 1 h later: word goes to Maja."],
        ),
        (
            "qualified leads (marketing)",
            ["At least 40 leads were handed over in a month.", "Periods are those of stockholm.", "There is a warning 16 h of working time before.", "Broken, at once: word goes to whoever promised it.", "Broken, 8 h of working time later: word goes to the managers."],
            [],
        ),
    ]  # fmt: skip
    assert differ(lambda _: None) == []


def give(path, value):
    """A change that sets one member."""

    def change(data):
        *way, last = path
        for step in way:
            data = data.setdefault(step, {}) if isinstance(data, dict) else data[step]
        data[last] = value

    return change


SAID = [
    (("brands",), ["default", "other"], "default, other"),
    (("approvers",), {"marketing": ["lena"], "sales": ["maja"]}, "For marketing: Lena."),
    (("forum",), {"weekday": "mon", "time": "08:00", "to": ["maja", "lena"], "calendar": "stockholm"}, "It meets every Monday at 08:00."),
    (("forum",), {"weekday": "mon", "time": "08:00", "stuck_after": 9}, "A lead is stuck that stays in one stage for more than 9 days."),
    (("channels",), ["pager"], "pager"),
    (("routing", "growth", "keeps"), "owner", "Whoever sold to them keeps them; the rules are for a seller who left."),
    (("routing", "hand_over", "rules", 1, "match_language"), True, "Only who speaks their language is asked."),
    (("routing", "hand_over", "rules", 1, "overflow"), {"hold": "4h business", "calendar": "stockholm"}, "Where nobody there can, they wait for 4 h of working time at most."),
    (("routing", "hand_over", "rules", 1, "overflow"), {"pool": "sdr"}, "Where nobody there can, they go to sdr."),
    (("routing", "hand_over", "rules", 1, "overflow"), {"person": "maja"}, "Where nobody there can, they go to Maja."),
    (("handover", "hunter"), {"waits": "1 business day", "calendar": "stockholm"}, "waits for them for 1 working day while they are away."),
    (("handover", "dossier", "incomplete"), "block", "Before it is complete, the lead is offered to nobody."),
    (("handover", "marketing_reads_notes"), True, "Marketing reads what salespeople note."),
    (("handover", "second_offer", 0, "to"), "fallback", "For no time, wrong territory the person of last resort gets it."),
    (("sla", "policies", 1, "calendar"), "owner", "The time that counts is whoever's it is: their own working hours."),
    (("sla", "policies", 0, "fulfil_on"), ["sales.meeting_held"], "It is kept when a meeting was held."),
    (("sla", "volumes", 0, "subject"), {"person": "elin"}, "Counted are those of Elin."),
    (("sla", "volumes", 0, "first"), "pro_rata", "A period that has begun already counts for its part."),
    (("sla", "volumes", 0, "when"), "fit() >= 30", "Counted are leads when they have at least 30 points for who they are."),
    (("calendars", "stockholm", "eves"), {"closes": "12:00", "before": ["Epiphany"]}, "That is so before Epiphany."),
    (("nurturing", "warm_up", "wake"), "90d", "They leave it after 90 days in any case."),
    (("nurturing", "tracks"), {"vip": {"within": "recycle", "purpose": "Lunch.", "reasons": ["lost"], "when": "yes('partner')"}}, "For leads when partner is yes."),
    (("goals", "customer_value"), {"years": 4, "margin": 0.6}, "A customer stays for 4 years, and 60 % of revenue is left."),
    (("segments", "enterprise", "when"), "yes('partner')", "When partner is yes."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "words"), SAID, ids=lambda one: ".".join(map(str, one)) if isinstance(one, tuple) else ""
)
def test_whatever_an_agreement_may_say_is_said(path, value, words):
    text = changed(give(path, value))
    assert any(words in line for line in sentences(text)), [
        one for one in sentences(text) if one not in sentences(EXAMPLE)
    ]
    assert file_differences(EXAMPLE, text), "and path by path"


def test_a_change_without_a_sentence_of_its_own_stands_among_the_paths():
    text = changed(give(("handover", "calendar"), "stockholm"))
    assert file_differences(EXAMPLE, text) == []
    other = changed(give(("attributes", "partner", "from"), ["partner"]))
    assert file_differences(EXAMPLE, other) == [
        'attributes.partner.from: ["partner", "Befintlig partner"] -> ["partner"]'
    ]


def version(rules="now", hours=-1, **more):
    return AgreementView(
        hash="ab" * 32, title="Nordlys", rules=rules, effective_from=NOW + timedelta(hours=hours), **more
    )


def test_versions_say_when_they_rule_and_who_signed():
    reader = READERS["en"]
    signed = {"marketing": "lena", "sales": "maja"}
    assert version_line(version(approvals=signed), reader)[:4] == (
        "abababababab", "Nordlys", "rules since Mon 30 Nov, 09:00 CET", "Lena for marketing and Maja for sales",
    )  # fmt: skip
    assert version_line(version("later", 2), reader).state == "will rule from Mon 30 Nov, 12:00 CET"
    gone = Withdrawal(person="maja", key="page/maja", reason="too early", at=NOW)
    assert (
        version_line(version("withdrawn", withdrawn=gone), reader).state
        == "taken back by Maja, Mon 30 Nov, 10:00 CET: too early"
    )
    first = AgreementView(hash="ab" * 32, title="x", rules="now")
    assert version_line(first, reader).state == "rules now"
    assert version_line(first, reader).signers.startswith("signed by nobody here")


def test_approvals_wait_by_hash_until_both_sides_gave_theirs():
    def given(digest, side, person):
        return ApprovalView(hash=digest * 64, side=side, person=person, key="k", reason="agreed", approved_at=NOW)

    waiting = waiting_approvals([given("a", "sales", "maja"), given("b", "marketing", "lena"), given("b", "sales", "maja")], READERS["en"])  # fmt: skip
    assert [(one.digest, one.missing) for one in waiting] == [("a" * 12, ["marketing"]), ("b" * 12, [])]
    assert waiting[0].lines == ["Maja approved for sales, Mon 30 Nov, 10:00 CET: agreed"]
