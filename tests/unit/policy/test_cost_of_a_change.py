"""What one changed rule costs among many nodes and rules: what it affects, and not what there is."""

from dataclasses import replace
from time import process_time

from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.policy import NetworkPolicy
from tests.unit.policy.fleets import claim, member, node_id, policy, rule

NODES = 10_000
POLICIES = 100
RULES = 10
SIDE = 32
SECONDS = 0.1


def a_rule(port: int) -> NetworkPolicy:
    """One rule between two sets of 32 nodes: 1,024 pairs."""
    change = rule("allow", "tcp", ports=(port, port))
    return policy(5000, change, source="left", destination="right", revision=port)


def a_crowd() -> VisibilityIndex:
    """Ten thousand nodes in groups of a hundred, each group with ten rules and a test of its own."""
    index = VisibilityIndex()
    for number in range(POLICIES):
        own = f"group=g{number}"
        rules = [rule("allow", "tcp", ports=(port, port)) for port in range(1, RULES + 1)]
        test = claim(source=own, destination=own, protocol="tcp", port=1)
        index.put_policy(policy(number, *rules, source=own, destination=own, tests=(test,)))
    for number in range(NODES):
        labels = {"group": f"g{number * POLICIES // NODES}", **ends_of(number)}
        index.put_member(replace(member(number), labels=labels))
    return index


def test_one_rule_among_a_thousand_costs_at_most_100_ms_and_touches_only_its_pairs() -> None:
    index, ends = a_crowd(), {node_id(number) for number in (*range(SIDE), *range(NODES - SIDE, NODES))}
    index.put_policy(a_rule(1))
    index.pairs()

    gone = index.preview(PutPolicy(policy(5000, rule("log"), source="left", destination="right", revision=2)))

    started = process_time()
    changed = index.preview(PutPolicy(a_rule(3)))
    index.put_policy(a_rule(3))
    pairs, compiled = index.pairs(), [index.compiled(each) for each in ends]
    seconds = process_time() - started

    assert gone.recompiled == changed.recompiled == ends
    assert (gone.pairs_lost, gone.pairs_gained) == (SIDE * SIDE, 0)
    assert (changed.pairs_lost, changed.pairs_gained) == (0, 0)
    assert pairs == changed.pairs_before
    assert (changed.failed_tests, changed.test_count) == ((), POLICIES)
    assert all(entries for entries in compiled)
    assert seconds <= SECONDS


def ends_of(number: int) -> dict[str, str]:
    """The label of the first and the last 32 nodes."""
    if number < SIDE:
        return {"left": "yes"}
    return {"right": "yes"} if number >= NODES - SIDE else {}
