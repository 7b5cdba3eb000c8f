"""Judging policy tests is bounded: it is done in the turn of a Domain's mesh, while everybody waits."""

from ipaddress import IPv4Address

import pytest

from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.errors import PolicyTestsUnjudged
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.promises import require_tests_hold
from tests.unit.policy.fleets import FIRST_ADDRESS, claim, member, policy, rule


def host(number: int) -> str:
    return f"{IPv4Address(FIRST_ADDRESS + number)}/32"


def judged(machines: int, tests: int) -> Difference:
    """A change beside tests that are about every machine, each of which has rules of its own and shares as many."""
    index = VisibilityIndex()
    shared = policy(
        1, *(rule("allow", "tcp", destination=host(each), ports=(1, 1)) for each in range(machines))
    )
    own = policy(2, *(rule("allow", "tcp", source=host(each), ports=(2, 2)) for each in range(machines)))
    claims = (claim(f"{each}", protocol="tcp", port=100 + each, expect="deny") for each in range(tests))
    for each in (shared, own, policy(3, rule("deny", "udp", ports=(1, 1)), tests=tuple(claims))):
        index.put_policy(each)
    for number in range(machines):
        index.put_member(member(number))
    return index.preview(PutPolicy(policy(4, rule("deny", "udp", source=host(0), ports=(2, 2)))))


def test_what_one_port_may_do_is_worked_out_once_for_each_end_of_a_rule_whoever_stands_there() -> None:
    # Were every rule looked at again for each machine and test, these would be two million looks.
    difference = judged(machines=200, tests=32)

    assert (difference.test_count, difference.unjudged_tests, difference.failed_tests) == (32, 0, ())


def test_tests_that_would_take_too_long_are_told_and_the_change_asks_for_a_second_word() -> None:
    difference = judged(machines=600, tests=64)

    assert 0 < difference.unjudged_tests < difference.test_count == 64
    with pytest.raises(PolicyTestsUnjudged) as refusal:
        require_tests_hold(difference, confirmed=False)
    assert refusal.value.tests == difference.unjudged_tests
    require_tests_hold(difference, confirmed=True)
