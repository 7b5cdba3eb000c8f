"""What a policy test may say."""

import pytest

from plexsphere.policy.application.wording import EndWords, PolicyTestWords, Wording
from plexsphere.policy.domain.errors import (
    InvalidPolicyTest,
    PolicyError,
    PolicyTestFault,
    SelectorSyntaxError,
    UnknownProtocol,
)
from plexsphere.policy.domain.policy_test import Expectation
from plexsphere.policy.domain.traffic import Protocol, Traffic
from tests.support.policy import a_rule, a_test

WEB = EndWords("app=web")
GOOD = PolicyTestWords("web to db", WEB, EndWords(mesh_ip="10.100.0.7"), "tcp", 5432, "allow")


def words(**change: object) -> PolicyTestWords:
    given = {name: getattr(GOOD, name) for name in GOOD.__slots__} | change
    return PolicyTestWords(**given)


def test_a_test_is_read_from_its_words() -> None:
    test = GOOD.test()

    assert (test.name, test.expect) == ("web to db", Expectation.ALLOW)
    assert (test.source.selector.text, test.source.mesh_ip) == ("app=web", None)
    assert (test.destination.selector.text, str(test.destination.mesh_ip)) == ("*", "10.100.0.7")
    assert test.traffic == Traffic(Protocol.TCP, 5432, 5432)
    assert words(protocol="any", port=None).test().traffic == Traffic(Protocol.ANY, 0, 0)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (words(name=""), PolicyTestFault.BAD_NAME),
        (words(name="  "), PolicyTestFault.BAD_NAME),
        (words(name="a\nb"), PolicyTestFault.BAD_NAME),
        (words(name="n" * 129), PolicyTestFault.BAD_NAME),
        (words(source=EndWords()), PolicyTestFault.BAD_END),
        (words(source=EndWords("*", "10.100.0.7")), PolicyTestFault.BAD_END),
        (words(source=EndWords(mesh_ip="")), PolicyTestFault.BAD_END),
        (words(destination=EndWords(mesh_ip="10.100.0.0/24")), PolicyTestFault.BAD_END),
        (words(destination=EndWords(mesh_ip="fd00::1")), PolicyTestFault.BAD_END),
        (words(port=None), PolicyTestFault.PORT_MISPLACED),
        (words(protocol="udp", port=None), PolicyTestFault.PORT_MISPLACED),
        (words(protocol="icmp"), PolicyTestFault.PORT_MISPLACED),
        (words(protocol="any"), PolicyTestFault.PORT_MISPLACED),
        (words(port=0), PolicyTestFault.PORT_OUT_OF_RANGE),
        (words(port=65536), PolicyTestFault.PORT_OUT_OF_RANGE),
        (words(expect="accept"), PolicyTestFault.BAD_EXPECTATION),
    ],
)
def test_what_is_no_test_is_refused_by_its_fault(given: PolicyTestWords, fault: PolicyTestFault) -> None:
    with pytest.raises(InvalidPolicyTest) as refused:
        given.test()

    assert refused.value.fault is fault


@pytest.mark.parametrize(
    ("given", "refusal"),
    [(words(protocol="sctp"), UnknownProtocol), (words(source=EndWords("")), SelectorSyntaxError)],
)
def test_words_that_rules_know_too_are_refused_as_theirs_are(
    given: PolicyTestWords, refusal: type[PolicyError]
) -> None:
    with pytest.raises(refusal):
        given.test()


def test_a_policy_has_at_most_64_tests_with_names_of_their_own() -> None:
    def read(*tests: PolicyTestWords) -> int:
        return len(Wording("*", "*", (a_rule(),), tests).read().tests)

    many = [a_test(f"t-{number}") for number in range(65)]
    assert read(*many[:64]) == 64
    for tests, fault in [
        (many, PolicyTestFault.TOO_MANY_TESTS),
        ([*many[:2], a_test("t-1", expect="deny")], PolicyTestFault.NAME_TAKEN),
    ]:
        with pytest.raises(InvalidPolicyTest) as refused:
            read(*tests)
        assert refused.value.fault is fault
