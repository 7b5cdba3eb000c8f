"""What one changed rule costs among many nodes and rules: what it affects, and not what there is."""

import sys
from types import FrameType

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.index import VisibilityIndex
from tests.unit.policy.crowds import PAIRS, POLICIES, a_crowd, a_rule_of_a_thousand_pairs, the_ends

FEW = POLICIES // 10


def test_one_rule_among_a_thousand_touches_only_its_pairs() -> None:
    index, ends = a_crowd(), the_ends()
    index.put_policy(a_rule_of_a_thousand_pairs(1))
    before = index.pairs()

    gone = index.preview(PutPolicy(a_rule_of_a_thousand_pairs(2, "log")))
    changed = index.preview(PutPolicy(a_rule_of_a_thousand_pairs(3)))
    index.put_policy(a_rule_of_a_thousand_pairs(3))

    assert gone.recompiled == changed.recompiled == ends
    assert (gone.pairs_lost, gone.pairs_gained) == (PAIRS, 0)
    assert (changed.pairs_lost, changed.pairs_gained, index.pairs()) == (0, 0, before)
    assert (changed.failed_tests, changed.test_count) == ((), POLICIES)
    assert all(map(index.compiled, ends))


def test_a_change_takes_in_ten_times_the_domain_no_more_steps() -> None:
    assert steps_of_a_change(POLICIES) <= steps_of_a_change(FEW)


def steps_of_a_change(groups: int) -> int:
    """Count the calls until everybody whom a change concerns has its rules; tests, which are judged anew, left out."""
    index, ends = a_crowd(groups, tested=False), the_ends(groups)
    index.put_policy(a_rule_of_a_thousand_pairs(1))
    index.pairs()
    steps = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    watching = sys.getprofile()
    sys.setprofile(count)
    try:
        _change(index, ends)
    finally:
        sys.setprofile(watching)
    return steps


def _change(index: VisibilityIndex, ends: frozenset[NodeId]) -> None:
    policy = a_rule_of_a_thousand_pairs(2)
    index.preview(PutPolicy(policy))
    index.put_policy(policy)
    index.pairs()
    for node_id in ends:
        index.compiled(node_id)
