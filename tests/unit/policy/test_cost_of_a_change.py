"""What one changed rule costs among many nodes and rules: what it affects, and not what there is."""

from time import process_time

from plexsphere.policy.domain.changes import PutPolicy
from tests.unit.policy.crowds import PAIRS, POLICIES, a_crowd, a_rule_of_a_thousand_pairs, the_ends

SECONDS = 0.1


def test_one_rule_among_a_thousand_costs_at_most_100_ms_and_touches_only_its_pairs() -> None:
    index, ends = a_crowd(), the_ends()
    index.put_policy(a_rule_of_a_thousand_pairs(1))
    before = index.pairs()

    gone = index.preview(PutPolicy(a_rule_of_a_thousand_pairs(2, "log")))
    started = process_time()
    changed = index.preview(PutPolicy(a_rule_of_a_thousand_pairs(3)))
    index.put_policy(a_rule_of_a_thousand_pairs(3))
    pairs, compiled = index.pairs(), [index.compiled(each) for each in ends]
    seconds = process_time() - started

    assert gone.recompiled == changed.recompiled == ends
    assert (gone.pairs_lost, gone.pairs_gained) == (PAIRS, 0)
    assert (changed.pairs_lost, changed.pairs_gained, pairs) == (0, 0, before)
    assert (changed.failed_tests, changed.test_count) == ((), POLICIES)
    assert all(compiled)
    assert seconds <= SECONDS
