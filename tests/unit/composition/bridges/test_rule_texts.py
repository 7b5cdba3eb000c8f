"""Texts of rules are made once and kept within bounds."""

import json

import pytest

from plexsphere.composition.bridges.rule_texts import RuleTexts
from plexsphere.policy.domain.compiled import OWN, AgentPolicy, AgentRule, Template

OWN_ADDRESS = 0x0A640001
RULE = AgentRule(OWN, "10.100.0.2/32", 0, "", "allow")


class Compiling:
    """Compiles a policy of a given name, and counts how often."""

    def __init__(self, name: str = "p", *, is_cut: bool = False) -> None:
        self.name = name
        self.is_cut = is_cut
        self.times = 0

    def __call__(self) -> Template:
        self.times += 1
        return Template((AgentPolicy(self.name, (RULE,)),), self.is_cut)


def test_rules_are_compiled_once_for_a_class_and_addressed_to_each_of_its_nodes() -> None:
    texts, compiling = RuleTexts(), Compiling()

    first = texts.of(b"a", OWN_ADDRESS, compiling)
    other = texts.of(b"a", OWN_ADDRESS + 2, compiling)

    assert compiling.times == 1
    assert json.loads(other)[0]["rules"][0]["src"] == "10.100.0.3/32"
    assert json.loads(first) == [
        {
            "id": "p",
            "rules": [
                {"src": "10.100.0.1/32", "dst": RULE.dst, "port": 0, "protocol": "", "action": "allow"},
            ],
        }
    ]


def test_what_is_only_noted_has_a_field_of_its_own() -> None:
    noted = AgentPolicy("p", (), (RULE._replace(action="log"),))

    [entry] = json.loads(RuleTexts().of(b"a", OWN_ADDRESS, lambda: Template((noted,), is_cut=False)))

    assert (entry["rules"], [rule["action"] for rule in entry["log_rules"]]) == ([], ["log"])


def test_other_digests_have_other_texts() -> None:
    texts = RuleTexts()

    assert texts.of(b"a", OWN_ADDRESS, Compiling("p")) != texts.of(b"b", OWN_ADDRESS, Compiling("q"))


def test_rules_that_had_to_be_cut_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    texts, compiling = RuleTexts(), Compiling(is_cut=True)

    for _ in range(2):
        texts.of(b"a", OWN_ADDRESS, compiling)

    [warning] = caplog.messages
    assert "10.100.0.1/32" in warning


def test_what_was_used_longest_ago_goes_first() -> None:
    one, two, three = Compiling("1"), Compiling("2"), Compiling("3")
    size = len(RuleTexts().of(b"1", 0, one))
    texts = RuleTexts(capacity=2 * size)
    one.times = 0

    for digest, compiling in [(b"1", one), (b"2", two), (b"1", one), (b"3", three)]:
        texts.of(digest, OWN_ADDRESS, compiling)
    for digest, compiling in [(b"1", one), (b"3", three), (b"2", two)]:
        texts.of(digest, OWN_ADDRESS, compiling)

    assert (one.times, two.times, three.times) == (1, 2, 1)


def test_a_text_beyond_all_bounds_is_told_all_the_same() -> None:
    texts, compiling = RuleTexts(capacity=1), Compiling()

    assert texts.of(b"a", OWN_ADDRESS, compiling) == texts.of(b"a", OWN_ADDRESS, compiling)
    texts.of(b"b", OWN_ADDRESS, Compiling())
    texts.of(b"a", OWN_ADDRESS, compiling)

    assert compiling.times == 2
