"""Fleet's question who sees whom, answered from the indexes of policy."""

import json
from ipaddress import IPv4Address
from uuid import UUID

import pytest

from plexsphere.composition.bridges.rule_texts import RuleTexts
from plexsphere.composition.bridges.sight import SightBridge
from plexsphere.fleet.domain.sight_change import PeerChange
from plexsphere.fleet.ports.sight import SightedNode
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.policy.domain.policy import NetworkPolicy
from tests.support.policy import DOMAIN, OTHER_PROJECT, PROJECT, a_draft, a_rule
from tests.support.policy_desk import PolicyDesk
from tests.unit.policy import fleets

UNKNOWN = DomainId(UUID(int=0x404))
NOBODY = frozenset[object]()


def sighted(number: int, **labels: str) -> SightedNode:
    member = fleets.member(number)
    return SightedNode(member.node_id, member.project_id, labels, member.mesh_ip)


async def a_sight(*policies: NetworkPolicy, nodes: int = 3) -> tuple[PolicyDesk, SightBridge]:
    """All policies hold, and all nodes are web servers."""
    desk = PolicyDesk()
    for revision, policy in enumerate(policies, start=1):
        await desk.policies.add(DOMAIN, policy, revision)
        desk.store.state.revisions[DOMAIN] = revision
    await desk.follow()
    sight = SightBridge(desk.views, desk.policies, RuleTexts())
    for number in range(nodes):
        sight.put(DOMAIN, sighted(number, app="web"), 10**number)
    return desk, sight


async def test_without_a_policy_nobody_sees_anybody() -> None:
    _, sight = await a_sight()

    one, other = fleets.node_id(0), fleets.node_id(1)
    assert not sight.sees(DOMAIN, one, other)
    assert sight.peers_of(DOMAIN, one) == NOBODY
    assert sight.would_see(DOMAIN, sighted(9, app="web")) == NOBODY
    assert sight.rules(DOMAIN, one) == "[]"


async def test_a_policy_lets_its_nodes_see_each_other_and_none_itself() -> None:
    _, sight = await a_sight(fleets.policy(1))

    one, other = fleets.node_id(0), fleets.node_id(1)
    assert sight.sees(DOMAIN, one, other)
    assert not sight.sees(DOMAIN, one, one)
    assert sight.peers_of(DOMAIN, one) == {fleets.node_id(1), fleets.node_id(2)}
    assert sight.peers_weight(DOMAIN, one) == 110


async def test_in_a_domain_that_is_not_followed_nobody_sees_anybody() -> None:
    """Fail closed: what is not known is not visible."""
    _, sight = await a_sight(fleets.policy(1))

    one, other = fleets.node_id(0), fleets.node_id(1)
    assert not sight.sees(UNKNOWN, one, other)
    assert sight.peers_of(UNKNOWN, one) == NOBODY
    assert sight.peers_weight(UNKNOWN, one) == 0
    assert sight.would_see(UNKNOWN, sighted(0)) == NOBODY
    assert sight.would_leave(UNKNOWN, one).changes == ()
    assert sight.rules(UNKNOWN, one) == "[]"
    assert sight.rules_tag(UNKNOWN, one) == bytes(16)


async def test_a_node_that_is_not_known_sees_nobody_and_has_no_rules() -> None:
    _, sight = await a_sight(fleets.policy(1))

    stranger = fleets.node_id(404)
    assert not sight.sees(DOMAIN, fleets.node_id(0), stranger)
    assert sight.peers_of(DOMAIN, stranger) == NOBODY
    assert sight.rules(DOMAIN, stranger) == "[]"


async def test_a_node_cannot_be_put_where_nothing_is_followed() -> None:
    _, sight = await a_sight()

    with pytest.raises(LookupError):
        sight.put(UNKNOWN, sighted(0), 1)


async def test_a_node_that_left_is_seen_no_more() -> None:
    _, sight = await a_sight(fleets.policy(1))

    sight.remove(DOMAIN, fleets.node_id(2))

    assert sight.peers_of(DOMAIN, fleets.node_id(0)) == {fleets.node_id(1)}
    assert sight.peers_weight(DOMAIN, fleets.node_id(0)) == 10


async def test_a_newcomer_would_see_what_it_then_sees() -> None:
    _, sight = await a_sight(fleets.policy(1, source="app=web", destination="app=db"))
    newcomer = sighted(9, app="db")

    would_see = sight.would_see(DOMAIN, newcomer)
    assert sight.peers_of(DOMAIN, newcomer.node_id) == NOBODY

    sight.put(DOMAIN, newcomer, 1)
    assert would_see == sight.peers_of(DOMAIN, newcomer.node_id) == {fleets.node_id(n) for n in range(3)}


async def test_a_known_node_would_see_its_peers_and_those_it_would_gain() -> None:
    _, sight = await a_sight(
        fleets.policy(1, source="app=web", destination="app=web"),
        fleets.policy(2, source="edge", destination="app=db"),
    )
    sight.put(DOMAIN, sighted(8, app="db"), 1)

    assert sight.would_see(DOMAIN, sighted(0, app="web")) == {fleets.node_id(1), fleets.node_id(2)}
    assert sight.would_see(DOMAIN, sighted(0, app="web", edge="yes")) == {
        fleets.node_id(number) for number in (1, 2, 8)
    }
    assert sight.would_see(DOMAIN, sighted(0)) == NOBODY


async def test_a_change_of_labels_names_who_gains_and_loses_whom() -> None:
    _, sight = await a_sight(fleets.policy(1, source="app=web", destination="app=web"), nodes=2)
    zero, one = fleets.node_id(0), fleets.node_id(1)

    change = sight.would_change(DOMAIN, sighted(0))

    assert set(change.changes) == {
        PeerChange(zero, frozenset(), frozenset([one])),
        PeerChange(one, frozenset(), frozenset([zero])),
    }
    assert change.recompiled == {zero, one}
    assert (change.pairs_before, change.pairs_lost) == (1, 1)
    assert sight.sees(DOMAIN, zero, one)


async def test_a_departure_is_counted_for_the_guard() -> None:
    """D34: more than half of the visible pairs, and at least 100."""
    _, sight = await a_sight(fleets.policy(1, source="edge", destination="app=web"), nodes=100)
    sight.put(DOMAIN, sighted(200, edge="yes"), 1)

    assert sight.would_leave(DOMAIN, fleets.node_id(200)).needs_confirmation
    assert not sight.would_leave(DOMAIN, fleets.node_id(0)).needs_confirmation


async def test_somebody_with_more_than_64_changed_pairs_is_not_told_piece_by_piece() -> None:
    """D14: he is asked to pull his state instead."""
    _, sight = await a_sight(fleets.policy(1, source="edge", destination="app=web"), nodes=65)

    change = sight.would_change(DOMAIN, sighted(200, edge="yes"))

    gate = fleets.node_id(200)
    assert [each for each in change.changes if each.node_id == gate] == [
        PeerChange(gate, frozenset(), frozenset(), is_too_long=True)
    ]
    assert all(each.gained == {gate} for each in change.changes if each.node_id != gate)


async def test_a_refresh_reads_what_committed_behind_the_revision() -> None:
    desk, sight = await a_sight()
    await desk.create(a_draft())

    await sight.refresh(DOMAIN, 0)
    assert sight.sees(DOMAIN, fleets.node_id(0), fleets.node_id(1))


async def test_a_refresh_misses_nothing_when_the_nodes_are_known_newer_than_the_policies() -> None:
    desk, sight = await a_sight()
    await desk.create(a_draft())

    await sight.refresh(DOMAIN, 99)

    assert sight.sees(DOMAIN, fleets.node_id(0), fleets.node_id(1))


async def test_rules_are_told_in_the_agents_form() -> None:
    rules = [fleets.rule("allow", "tcp", ports=(80, 90)), fleets.rule("allow", "icmp")]
    policy = fleets.policy(1, *rules, source="app=web", destination="app=db")
    _, sight = await a_sight(policy, nodes=1)
    sight.put(DOMAIN, sighted(9, app="db"), 1)

    [entry] = json.loads(sight.rules(DOMAIN, fleets.node_id(0)))

    assert entry["id"].startswith(f"{policy.id}.1.")
    assert entry["rules"] == [
        {
            "src": "10.100.0.0/32",
            "dst": "10.100.0.9/32",
            "port": 80,
            "protocol": "tcp",
            "action": "allow",
            "port_from": 80,
            "port_to": 90,
        },
        {"src": "10.100.0.0/32", "dst": "10.100.0.9/32", "port": 0, "protocol": "icmp", "action": "allow"},
    ]


async def test_the_tag_changes_with_the_rules_and_the_text_with_the_tag() -> None:
    desk, sight = await a_sight(fleets.policy(1))
    node = fleets.node_id(0)
    tag, text = sight.rules_tag(DOMAIN, node), sight.rules(DOMAIN, node)

    assert sight.rules(DOMAIN, node) == text
    await desk.create(a_draft(a_rule("deny", "icmp")))
    await desk.catch_up()

    assert sight.rules_tag(DOMAIN, node) != tag
    assert sight.rules(DOMAIN, node) != text


async def test_projects_of_a_domain_stay_apart() -> None:
    _, sight = await a_sight(fleets.policy(1), fleets.policy(2, project=OTHER_PROJECT))
    stranger = SightedNode(fleets.node_id(9), OTHER_PROJECT, {}, IPv4Address("10.100.0.9"))
    sight.put(DOMAIN, stranger, 1)

    assert PROJECT != OTHER_PROJECT
    assert sight.peers_of(DOMAIN, stranger.node_id) == NOBODY
    assert not sight.sees(DOMAIN, fleets.node_id(0), stranger.node_id)
