"""Policies and revisions: what cannot be built."""

from dataclasses import replace

import pytest

from plexsphere.policy.domain.errors import InvalidRule, InvalidSlug, RevisionConflict, RuleFault
from plexsphere.policy.domain.policy import MAX_RULES
from tests.unit.policy.fleets import policy, policy_id, rule


@pytest.mark.parametrize("slug", ["a", "default-allow-all", "a9-", "a" * 64])
def test_a_slug_is_a_letter_and_what_follows(slug: str) -> None:
    assert replace(policy(1), slug=slug).slug == slug


@pytest.mark.parametrize("slug", ["", "9a", "-a", "A", "a_b", "a.b", "ä", "a\n", "a" * 65])
def test_any_other_slug_is_refused(slug: str) -> None:
    with pytest.raises(InvalidSlug):
        replace(policy(1), slug=slug)


def test_a_revision_has_rules() -> None:
    with pytest.raises(InvalidRule) as refused:
        replace(policy(1).head, rules=())

    assert refused.value.fault is RuleFault.NO_RULES


def test_a_revision_has_at_most_1024_rules() -> None:
    assert replace(policy(1).head, rules=(rule(),) * MAX_RULES)
    with pytest.raises(InvalidRule) as refused:
        replace(policy(1).head, rules=(rule(),) * (MAX_RULES + 1))

    assert refused.value.fault is RuleFault.TOO_MANY_RULES


def test_revisions_count_from_one() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        replace(policy(1).head, number=0)


def test_a_policy_takes_a_revision_written_upon_its_head() -> None:
    second = policy(1, rule("deny"), revision=2).head

    assert policy(1).revised(second).head == second


@pytest.mark.parametrize("revision", [1, 3])
def test_a_revision_written_upon_another_head_is_refused(revision: int) -> None:
    with pytest.raises(RevisionConflict) as refused:
        policy(1).revised(policy(1, revision=revision).head)

    assert refused.value.policy_id == policy_id(1)


def test_a_policy_takes_no_revision_of_another() -> None:
    with pytest.raises(ValueError, match="its own policy"):
        replace(policy(1), head=policy(2).head)


def test_the_digest_moves_with_everything_a_revision_says() -> None:
    first = policy(1, rule("allow", "tcp", ports=(1, 2)))
    others = [
        policy(2, rule("allow", "tcp", ports=(1, 2))),
        policy(1, rule("allow", "tcp", ports=(1, 2)), revision=2),
        policy(1, rule("deny", "tcp", ports=(1, 2))),
        policy(1, rule("allow", "udp", ports=(1, 2))),
        policy(1, rule("allow", "tcp", ports=(1, 3))),
        policy(1, rule("allow", "tcp", "10.0.0.0/8", ports=(1, 2))),
        policy(1, rule("allow", "tcp", destination="10.0.0.0/8", ports=(1, 2))),
        policy(1, rule("allow", "tcp", ports=(1, 2)), source="app"),
        policy(1, rule("allow", "tcp", ports=(1, 2)), destination="app"),
    ]

    assert len({each.head.digest() for each in [first, *others]}) == 10
    assert policy(1, rule("allow", "tcp", ports=(1, 2))).head.digest() == first.head.digest()
