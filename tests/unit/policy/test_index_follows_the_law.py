"""The index, whatever happened to it, against the slow way and against an index built anew."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plexsphere.platform.kernel.ids import NodeId, PolicyId, ProjectId
from plexsphere.policy.domain.changes import Change, PutMember, PutPolicy, RemoveMember, RemovePolicy
from plexsphere.policy.domain.compiled import AgentPolicy
from plexsphere.policy.domain.difference import Difference, PairSet
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.domain.policy_test import PolicyTest
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.weight import WEIGHT_MASK
from tests.unit.policy import fleets, naive

Pairs = frozenset[frozenset[NodeId]]

NODES = range(7)
POLICIES = range(4)
NO_POLICY = PolicyId(UUID(int=0))


class TheIndex(RuleBasedStateMachine):
    """Members and policies come, change and go in any order; each change is asked about before it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.index = VisibilityIndex()
        self.members: dict[NodeId, Member] = {}
        self.policies: dict[PolicyId, NetworkPolicy] = {}
        self.weights: dict[NodeId, int] = {}
        self.revision = 1
        self.said: dict[object, list[object]] = {}

    @initialize(
        drawn=st.lists(fleets.labels, min_size=len(NODES), max_size=len(NODES)),
        said=st.lists(fleets.rule_lists, max_size=2),
        claims=fleets.claim_lists,
    )
    def populate(
        self, drawn: list[dict[str, str]], said: list[list[Rule]], claims: tuple[PolicyTest, ...] = ()
    ) -> None:
        """Most of what matters needs a few nodes and policies to happen to."""
        for number, rules in enumerate(said):
            self._put_policy(fleets.policy(number, *rules, revision=1, tests=claims))
        for number, labels in enumerate(drawn):
            self.put_member(number, 0, fleets.PROJECTS[number == 6], labels)

    @rule(
        number=st.sampled_from(NODES),
        spot=st.sampled_from([0, 8]),
        project=st.sampled_from([*fleets.PROJECTS, fleets.PROJECTS[0]]),
        labels=fleets.labels,
    )
    def put_member(self, number: int, spot: int, project: ProjectId, labels: dict[str, str]) -> None:
        member = fleets.member(number, address=number + spot, project=project, **labels)
        with self.expected(PutMember(member)):
            self.index.put_member(member)
            self.members[member.node_id] = member

    @rule(number=st.sampled_from(NODES))
    def remove_member(self, number: int) -> None:
        node_id = fleets.node_id(number)
        with self.expected(RemoveMember(node_id)):
            self.index.remove_member(node_id)
            self.members.pop(node_id, None)
            self.weights.pop(node_id, None)

    @rule(
        number=st.sampled_from(POLICIES),
        rules=fleets.rule_lists,
        ends=st.tuples(fleets.selectors, fleets.selectors),
        claims=fleets.claim_lists,
    )
    def put_policy(
        self, number: int, rules: list[Rule], ends: tuple[str, str], claims: tuple[PolicyTest, ...] = ()
    ) -> None:
        self.revision += 1
        policy = fleets.policy(
            number,
            *rules,
            source=ends[0],
            destination=ends[1],
            revision=self.revision,
            project=fleets.PROJECTS[number == 3],
            tests=claims,
        )
        self._put_policy(policy)

    @rule(number=st.sampled_from(POLICIES), rules=fleets.rule_lists)
    def say_something_else_of_the_same_nodes(self, number: int, rules: list[Rule]) -> None:
        """As an update does that leaves selectors and tests alone."""
        standing = self.policies.get(fleets.policy_id(number))
        if standing is not None:
            self.revision += 1
            head = replace(standing.head, rules=tuple(rules), number=self.revision)
            self._put_policy(replace(standing, head=head))

    @rule(number=st.sampled_from(POLICIES))
    def put_policy_again(self, number: int) -> None:
        policy = self.policies.get(fleets.policy_id(number))
        if policy is not None:
            assert self.index.preview(PutPolicy(policy)).is_empty
            self._put_policy(policy)

    @rule(number=st.sampled_from(POLICIES))
    def remove_policy(self, number: int) -> None:
        policy_id = fleets.policy_id(number)
        with self.expected(RemovePolicy(policy_id)):
            self.index.remove_policy(policy_id)
            self.policies.pop(policy_id, None)

    @rule(number=st.sampled_from(NODES), weight=st.integers(0, 2**130))
    def set_weight(self, number: int, weight: int) -> None:
        node_id = fleets.node_id(number)
        if node_id in self.members:
            self.index.set_weight(node_id, weight)
            self.weights[node_id] = weight

    @invariant()
    def each_pair_is_as_the_law_says(self) -> None:
        pairs = self.pairs()
        assert self.index.pairs() == len(pairs)
        for one, other in product(map(fleets.node_id, NODES), repeat=2):
            assert self.index.sees(one, other) == (frozenset([one, other]) in pairs)
            assert (other in self.index.peers_of(one)) == (frozenset([one, other]) in pairs)

    @invariant()
    def weights_add_up_over_peers(self) -> None:
        for node_id in map(fleets.node_id, NODES):
            peers = self.index.peers_of(node_id)
            expected = sum(self.weights.get(peer, 0) for peer in peers) & WEIGHT_MASK
            assert self.index.peers_weight(node_id) == expected
            assert self.index.peer_count(node_id) == len(peers)

    @invariant()
    def at_one_moment_it_says_one_thing(self) -> None:
        says = [
            (self.index.peers_weight(node_id), self.index.fingerprint(node_id))
            for node_id in map(fleets.node_id, NODES)
        ]
        assert self.said.setdefault(self.index.moment, [*says]) == says

    @invariant()
    def an_index_built_anew_says_the_same(self) -> None:
        anew = VisibilityIndex()
        for policy in self.policies.values():
            anew.put_policy(policy)
        for member in self.members.values():
            anew.put_member(member)
        for node_id in map(fleets.node_id, NODES):
            assert self.index.member(node_id) == self.members.get(node_id)
            assert self.index.compiled(node_id) == anew.compiled(node_id)
            assert self.index.fingerprint(node_id) == anew.fingerprint(node_id)

    @invariant()
    def a_reader_that_stops_at_the_first_match_decides_as_the_policies_do(self) -> None:
        for sender, receiver in product(self.members.values(), repeat=2):
            if sender.node_id != receiver.node_id and sender.project_id == receiver.project_id:
                travels = naive.may_travel(self.policies.values(), sender, receiver)
                for reader in (sender, receiver):
                    assert let_through(self.index.compiled(reader.node_id), sender, receiver) == travels

    def pairs(self) -> Pairs:
        return naive.visible_pairs(self.policies.values(), self.members.values())

    def _put_policy(self, policy: NetworkPolicy) -> None:
        with self.expected(PutPolicy(policy)):
            self.index.put_policy(policy)
            self.policies[policy.id] = policy

    def expected(self, change: Change) -> "Expectation":
        return Expectation(self, change)


class Expectation:
    """What was announced for a change is what the change then did, and announcing it did nothing."""

    def __init__(self, machine: TheIndex, change: Change) -> None:
        self._machine = machine
        self._change = change
        self._before = self._snapshot()
        self._pairs = machine.pairs()
        self._policies = dict(machine.policies)
        self._difference = machine.index.preview(change)
        assert self._snapshot() == self._before

    def __enter__(self) -> None:
        pass

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self._compare(self._difference, self._machine.pairs())

    def _compare(self, difference: Difference, pairs: Pairs) -> None:
        assert pairs_of(difference.gained) == pairs - self._pairs
        assert pairs_of(difference.lost) == self._pairs - pairs
        assert difference.pairs_before == len(self._pairs)
        assert difference.pairs_gained == len(pairs - self._pairs)
        assert difference.pairs_lost == len(self._pairs - pairs)
        if touched_by(self._change) != NO_POLICY:
            assert difference.unreachable == somebody(self._pairs) - somebody(pairs)
        assert by_recipient(difference) == {
            node_id: (partners(node_id, pairs - self._pairs), partners(node_id, self._pairs - pairs))
            for node_id in frozenset[NodeId]().union(*(pairs ^ self._pairs))
        }
        assert self._recompiled() <= difference.recompiled <= self._machine.members.keys()
        self._compare_tests(difference)

    def _compare_tests(self, difference: Difference) -> None:
        failed = {(each.slug, each.name): each for each in difference.failed_tests}
        judged = list(self._judged())
        for policy, test in judged:
            wrong, blamed = self._wrong(policy, test)
            found = failed.pop((policy.slug, test.name), None)
            assert (found is not None, found is not None and found.by_change) == (bool(wrong), bool(blamed))
            if found is not None:
                assert (found.source, found.destination) in (blamed or wrong)
        assert failed == {}
        assert difference.test_count in (0, len(judged))

    def _judged(self) -> Iterator[tuple[NetworkPolicy, PolicyTest]]:
        """The tests of the Project that a policy came to, changed in or left; none where nothing was said anew."""
        policies, policy_id = self._machine.policies, touched_by(self._change)
        touched = self._policies.get(policy_id) or policies.get(policy_id)
        if touched is not None and self._policies.get(policy_id) != policies.get(policy_id):
            for policy in policies.values():
                if policy.project_id == touched.project_id:
                    yield from ((policy, test) for test in policy.head.tests)

    def _wrong(
        self, policy: NetworkPolicy, test: PolicyTest
    ) -> tuple[frozenset[tuple[NodeId, NodeId]], frozenset[tuple[NodeId, NodeId]]]:
        """The pairs that are wrong now, and those for which the change is to blame."""
        members, standing = self._machine.members.values(), self._policies.get(policy.id)
        wrong = naive.wrong_pairs(self._machine.policies.values(), members, policy, test)
        if standing is None or test not in standing.head.tests:
            return wrong, wrong
        return wrong, wrong - naive.wrong_pairs(self._policies.values(), members, policy, test)

    def _recompiled(self) -> frozenset[NodeId]:
        after = self._snapshot()
        changed = {n for n in self._machine.members if self._before.get(n, ((),))[0] != after[n][0]}
        assert all(self._before[n][1] != after[n][1] for n in changed & self._before.keys())
        return frozenset(changed)

    def _snapshot(self) -> dict[NodeId, tuple[tuple[AgentPolicy, ...], bytes, object]]:
        index = self._machine.index
        return {
            node_id: (index.compiled(node_id), index.fingerprint(node_id), index.peers_of(node_id))
            for node_id in self._machine.members
        }


def touched_by(change: Change) -> PolicyId:
    match change:
        case PutPolicy(policy):
            return policy.id
        case RemovePolicy(policy_id):
            return policy_id
        case _:
            return NO_POLICY


def somebody(pairs: Pairs) -> frozenset[NodeId]:
    """Whoever sees anybody."""
    return frozenset[NodeId]().union(*pairs)


def pairs_of(found: PairSet) -> Pairs:
    return frozenset(listed(found))


def listed(found: PairSet) -> Iterator[frozenset[NodeId]]:
    seen: set[frozenset[NodeId]] = set()
    for group in found.groups():
        mine = {frozenset(ends) for ends in product(group.one, group.other) if ends[0] != ends[1]}
        assert mine
        assert not mine & seen
        seen |= mine
    yield from seen


def partners(node_id: NodeId, pairs: Pairs) -> frozenset[NodeId]:
    return frozenset[NodeId]().union(*(pair for pair in pairs if node_id in pair)) - {node_id}


def by_recipient(difference: Difference) -> dict[NodeId, tuple[frozenset[NodeId], frozenset[NodeId]]]:
    changes = list(difference.by_recipient(bound=100))
    assert len({change.node_id for change in changes}) == len(changes)
    for change in changes:
        assert (change.gained_count, change.lost_count) == (len(change.gained), len(change.lost))
    return {change.node_id: (change.gained, change.lost) for change in changes}


def let_through(entries: tuple[AgentPolicy, ...], sender: Member, receiver: Member) -> frozenset[naive.Atom]:
    """What an agent lets through that reads all entries in order and stops at the first rule that matches."""
    return frozenset(atom for atom in naive.ATOMS if verdict(entries, atom, sender, receiver) == "allow")


def verdict(entries: tuple[AgentPolicy, ...], atom: naive.Atom, sender: Member, receiver: Member) -> str:
    for entry in entries:
        for found in entry.rules:
            if speaks_of(found.protocol, (found.port, found.port_from, found.port_to), atom) and (
                sender.mesh_ip in fleets.network(found.src) and receiver.mesh_ip in fleets.network(found.dst)
            ):
                return found.action
    return "deny"


def speaks_of(protocol: str, ports: tuple[int, int | None, int | None], atom: naive.Atom) -> bool:
    port, first, last = ports
    if protocol not in ("", atom[0]):
        return False
    if first is not None and last is not None:
        return first <= atom[1] <= last
    return port in (0, atom[1])


TestTheIndex = TheIndex.TestCase
TestTheIndex.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("seed", range(12))
def test_a_crowded_index_follows_the_law_on_a_long_walk(seed: int) -> None:
    """Drawn evenly: the machine above finds small cases, and leaves most indexes nearly empty."""
    draw, index = Random(seed), TheIndex()
    index.populate([some_labels(draw) for _ in NODES], [[fleets.rule()], some_rules(draw)])
    for _ in range(60):
        step(draw, index)
        index.each_pair_is_as_the_law_says()
        index.weights_add_up_over_peers()
        index.an_index_built_anew_says_the_same()


def step(draw: Random, index: TheIndex) -> None:
    number, kind = draw.choice(NODES), draw.random()
    index.set_weight(draw.choice(NODES), draw.getrandbits(128))
    if kind < 0.4:
        index.put_member(number, draw.choice([0, 8]), fleets.PROJECTS[draw.random() < 0.2], some_labels(draw))
    elif kind < 0.5:
        index.remove_member(number)
    elif kind < 0.9:
        ends = some_selector(draw), some_selector(draw)
        index.put_policy(draw.choice(POLICIES), some_rules(draw), ends, some_claims(draw))
    else:
        index.remove_policy(draw.choice(POLICIES))


def some_labels(draw: Random) -> dict[str, str]:
    chosen = {
        "app": draw.choice(["web", "db", ""]),
        "zone": draw.choice(["a", "b", ""]),
        "edge": draw.choice(["1", ""]),
    }
    return {key: value for key, value in chosen.items() if value}


def some_claims(draw: Random) -> tuple[PolicyTest, ...]:
    return tuple(some_claim(draw, name) for name in draw.choice([(), ("one",), ("one", "two")]))


def some_claim(draw: Random, name: str) -> PolicyTest:
    protocol, port = draw.choice([("any", None), ("tcp", 2), ("udp", 5), ("icmp", None)])
    return fleets.claim(
        name,
        source=draw.choice([some_selector(draw), "10.100.0.3"]),
        destination=draw.choice([some_selector(draw), "10.100.0.10"]),
        protocol=protocol,
        port=port,
        expect=draw.choice(["allow", "deny"]),
    )


def some_selector(draw: Random) -> str:
    return draw.choice(
        ["*", "*", "app=web", "app=db", "app in (web,db)", "zone=a", "edge", "!edge", "app,zone=b"]
    )


def some_rules(draw: Random) -> list[Rule]:
    return [some_rule(draw) for _ in range(draw.randint(1, 4))]


def some_rule(draw: Random) -> Rule:
    protocol = draw.choice(["any", "tcp", "tcp", "udp", "icmp"])
    first, last = sorted(draw.choices(naive.PORTS, k=2))
    return fleets.rule(
        draw.choice(["allow", "allow", "allow", "deny", "log"]),
        protocol,
        some_cidr(draw),
        some_cidr(draw),
        (first, last) if protocol in ("tcp", "udp") else None,
    )


def some_cidr(draw: Random) -> str:
    return draw.choice(
        [*["0.0.0.0/0"] * 4, "10.100.0.0/29", "10.100.0.8/29", "10.100.0.2/31", "10.100.0.5/32"]
    )
