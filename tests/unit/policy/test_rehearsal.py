"""What a dry run lists is cut, what it counts is not."""

from time import process_time

from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.rehearsal import MOST_NODES, MOST_PAIRS, NodeList, PairList
from tests.unit.policy.fleets import member, node_id, policy, rule

MANY = 10_000


def test_nodes_are_listed_in_order_up_to_ten_thousand() -> None:
    nodes = [node_id(number) for number in range(MOST_NODES + 5)]

    found = NodeList.of(reversed(nodes))

    assert (found.listed, found.count) == (tuple(nodes[:MOST_NODES]), len(nodes))


def test_of_many_pairs_few_are_walked_and_all_are_counted() -> None:
    index = VisibilityIndex()
    for number in range(MANY):
        index.put_member(member(number))
    difference = index.preview(PutPolicy(policy(1)))

    started = process_time()
    found = PairList.of(difference.gained)

    assert process_time() - started < 1
    assert (len(found.listed), found.count) == (MOST_PAIRS, MANY * (MANY - 1) // 2)
    assert len({frozenset(pair) for pair in found.listed}) == MOST_PAIRS


def test_every_pair_is_listed_once_and_nobody_with_itself() -> None:
    index = VisibilityIndex()
    for number in range(6):
        index.put_member(member(number, app="web" if number < 3 else "db"))
    change = policy(1, rule(), source="app=web", destination="app=db")

    found = PairList.of(index.preview(PutPolicy(change)).gained)

    expected = [(node_id(one), node_id(other)) for one in range(3) for other in range(3, 6)]
    assert (list(found.listed), found.count) == (expected, 9)
    everybody = PairList.of(index.preview(PutPolicy(policy(2))).gained)
    assert len(set(everybody.listed)) == everybody.count == 15
    assert all(one < other for one, other in everybody.listed)
