"""A Domain of ten thousand nodes and a thousand rules, and one rule more that can change."""

from dataclasses import replace

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.policy import NetworkPolicy
from tests.unit.policy.fleets import claim, member, node_id, policy, rule

POLICIES = 100
SIZE = 100
NODES = POLICIES * SIZE
RULES = 10
SIDE = 32
PAIRS = SIDE * SIDE
CHANGING = 5000


def a_rule_of_a_thousand_pairs(revision: int, action: str = "allow") -> NetworkPolicy:
    """One rule between two sets of 32 nodes, on another port in each revision."""
    said = rule(action, "tcp", ports=(revision, revision))
    return policy(CHANGING, said, source="left", destination="right", revision=revision)


def a_crowd(groups: int = POLICIES, *, tested: bool = True) -> VisibilityIndex:
    """Groups of a hundred nodes, each with ten rules and a test of its own; the changing rule has the outermost."""
    index, nodes = VisibilityIndex(), groups * SIZE
    for number in range(groups):
        own = f"group=g{number}"
        rules = [rule("allow", "tcp", ports=(port, port)) for port in range(1, RULES + 1)]
        test = claim(source=own, destination=own, protocol="tcp", port=1)
        index.put_policy(policy(number, *rules, source=own, destination=own, tests=(test,) if tested else ()))
    for number in range(nodes):
        labels = {"group": f"g{number // SIZE}", **_end_of(number, nodes)}
        index.put_member(replace(member(number), labels=labels))
    return index


def the_ends(groups: int = POLICIES) -> frozenset[NodeId]:
    """The nodes that the changing rule is about."""
    nodes = groups * SIZE
    return frozenset(map(node_id, (*range(SIDE), *range(nodes - SIDE, nodes))))


def _end_of(number: int, nodes: int) -> dict[str, str]:
    if number < SIDE:
        return {"left": "yes"}
    return {"right": "yes"} if number >= nodes - SIDE else {}
