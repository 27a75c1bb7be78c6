"""Roles by a provider's claims."""

import pytest

from services.console.signing_in.claims import ClaimRules, name_of, person_of, role_names_of, roles_of
from services.door.problems import Trouble
from tests.setups import ruling

NAMES = role_names_of("crm-user=sales, boss = manager,a=b=sdr")


def rules(path):
    return ClaimRules("sub", path, NAMES)


@pytest.mark.parametrize(
    ("path", "claims", "roles"),
    [
        (None, {"roles": ["manager"]}, None),
        ("roles", {"roles": ["crm-user", "boss", "unheard"]}, {"sales", "manager"}),
        ("roles", {"roles": "sdr"}, {"sdr"}),
        ("roles", {"roles": ["a=b"]}, {"sdr"}),
        ("realm_access.roles", {"realm_access": {"roles": ["marketing"]}}, {"marketing"}),
        ("https://x.example/roles", {"https://x.example/roles": ["sales"]}, {"sales"}),
        ("realm_access.roles", {"realm_access": ["roles"]}, set()),
        ("roles", {}, set()),
        ("roles", {"roles": [["manager"], {"manager": 1}, None, 7]}, set()),
    ],
)
def test_roles_are_the_words_that_a_claim_lists(path, claims, roles):
    found = roles_of(claims, rules(path))
    assert found is roles if roles is None else set(found) == roles


@pytest.mark.parametrize("text", ["boss", "=manager", "boss=", "boss=king", "boss=manager,x"])
def test_a_setting_that_names_no_role_is_refused_with_the_rule(text):
    with pytest.raises(ValueError, match="should read WORD=ROLE, with one of the roles sdr"):
        role_names_of(text)


LEAVES = (
    None,
    True,
    7,
    1e400,
    "",
    "a",
    "manager",
    [],
    ["manager", 7, None, ["a"]],
    {},
    {"b": {"roles": [{}]}},
    {"roles": "sdr"},
)


@pytest.mark.parametrize("name", ["a", "a.b", "roles", "name", "sub", "email"])
@pytest.mark.parametrize("value", LEAVES, ids=repr)
def test_whatever_a_provider_says_is_no_fault(name, value):
    for path in ("a", "a.b", "a.b.roles", "roles", ".", ""):
        roles_of({name: value}, rules(path))
    name_of({name: value})
    with pytest.raises(Trouble, match="no_person"):
        person_of({name: value, "email_verified": True}, rules(None), ruling().roster)
