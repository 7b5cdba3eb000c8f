"""The schema language, the part that is understood."""

import pytest

from plexsphere.identity.adapters.zed_schema import read_schema_text
from plexsphere.identity.domain.schema import Grant, Passage, SchemaRefused
from plexsphere.identity.domain.schema_text import parse_schema

WORLD = """
// People.
definition user {}

definition club {
    relation owner: user
    permission lead = owner /* and nobody else */
}

definition folder {
    relation above: club
    relation reader: user | club
    permission read = reader +
        manage
    permission manage = above->lead
}
"""


def test_a_permission_follows_from_relations_here_and_over_arrows() -> None:
    rules = parse_schema(WORLD).rules("folder", "read")

    assert rules.grants == (Grant("folder", "read", "reader"), Grant("club", "lead", "owner"))
    assert rules.passages == (Passage("folder", "read", "above", "club", "lead"),)


def test_a_relation_follows_from_itself_alone() -> None:
    rules = parse_schema(WORLD).rules("folder", "reader")

    assert rules.grants == (Grant("folder", "reader", "reader"),)
    assert rules.passages == ()


def test_a_type_is_spoken_with_a_hyphen() -> None:
    schema = parse_schema(
        "definition service_identity {\n}\n\ndefinition box {\nrelation a_b: service_identity\n}"
    )

    assert schema.names("box") == ("a_b",)
    assert schema.names("service-identity") == ()


def test_layout_and_comments_say_nothing() -> None:
    assert parse_schema(WORLD) == parse_schema(WORLD.replace("// People.", "").replace("    ", "\t"))
    assert parse_schema(WORLD) != parse_schema(WORLD.replace("reader: user | club", "reader: user"))


def test_the_shipped_schema_is_understood() -> None:
    assert parse_schema(read_schema_text()).object_types == ("platform", "domain", "project")


@pytest.mark.parametrize(
    "text",
    [
        "caveat only_at_night(hour int) { hour > 22 }",
        "use expiration",
        "definition user",
        "definition user {",
        "definition user {}}",
        "definition user {} definition club {}",
        "definition User {}",
        "definition definition {}",
        "user {}",
        "definition user {}\ndefinition user {}",
        "definition user {}\ndefinition club {\nrelation owner: user:*\n}",
        "definition user {}\ndefinition club {\nrelation owner: user#friend\n}",
        "definition user {}\ndefinition club {\nrelation owner: user with night\n}",
        "definition user {}\ndefinition club {\nrelation owner: ghost\n}",
        "definition user {}\ndefinition club {\nrelation owner: user relation guest: user\n}",
        "definition user {}\ndefinition club {\nrelation owner user\n}",
        "definition user {}\ndefinition club {\nrelation owner: user\nrelation owner: user\n}",
        "definition user {}\ndefinition club {\nrelation lead: user\npermission lead = lead\n}",
        "definition user {}\ndefinition club {\nrole owner: user\n}",
        "definition user {}\ndefinition club {\nrelation a: user\nrelation b: user\npermission c = a & b\n}",
        "definition user {}\ndefinition club {\nrelation a: user\nrelation b: user\npermission c = a - b\n}",
        "definition user {}\ndefinition club {\nrelation a: user\npermission c = (a)\n}",
        "definition user {}\ndefinition club {\nrelation a: user\npermission c = a\n    + a\n}",
        "definition club {\npermission c = nil\n}",
        "definition club {\npermission c = ghost\n}",
        "definition user {}\ndefinition club {\nrelation a: user\npermission c = ghost->a\n}",
        "definition user {}\ndefinition club {\nrelation a: user\npermission b = a\npermission c = b->a\n}",
        "definition user {}\ndefinition club {\nrelation a: user\npermission c = a->ghost\n}",
        "definition club {\npermission a = b\npermission b = a\n}",
        "definition club {\nrelation up: club\nrelation a: club\npermission c = a + up->c\n}",
        "definition one {\nrelation up: two\npermission c = up->c\n}\n"
        "definition two {\nrelation up: one\npermission c = up->c\n}",
        "definition user {}\n\N{ZERO WIDTH SPACE}",
        "definition user {} /* without end",
        "definition us\N{CYRILLIC SMALL LETTER IE}r {}",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(SchemaRefused):
        parse_schema(text)
