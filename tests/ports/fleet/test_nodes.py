"""Nodes come back as they were stored, each change raises what it must, and departures are final."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address

import pytest
from psycopg.errors import UniqueViolation

from plexsphere.fleet.domain.errors import HostnameTaken, PublicKeyTaken
from plexsphere.fleet.domain.node import Node, NodeKind, Reachability
from plexsphere.platform.kernel.ids import NodeId
from tests.support.fleet import (
    DOMAIN,
    NOBODY,
    OTHER_DOMAIN,
    OTHER_PROJECT,
    PROJECT,
    FleetKit,
    a_node,
)
from tests.support.identity import EPOCH


async def _added(kit: FleetKit, *nodes: Node) -> tuple[Node, ...]:
    for node in nodes:
        async with kit.unit_of_work():
            await kit.nodes.add(node, await kit.meshes.take_turn(node.domain_id))
    return nodes


async def _read(kit: FleetKit, node: Node) -> Node:
    found = await kit.nodes.get(node.domain_id, node.id)
    assert found is not None
    return found


async def test_what_live_nodes_said_of_themselves_is_told_for_those_that_are_asked_for(kit: FleetKit) -> None:
    linux, silent, unasked, gone = await _added(
        kit, a_node(1, facts={"os": "linux", "arch": "amd64"}), a_node(2), a_node(3), a_node(4)
    )
    [foreign] = await _added(kit, a_node(5, domain_id=OTHER_DOMAIN))
    async with kit.unit_of_work():
        await kit.nodes.depart(DOMAIN, gone.id, await kit.meshes.take_turn(DOMAIN))

    asked = [each.id for each in (linux, silent, gone, foreign)]
    assert unasked.id not in asked
    assert await kit.nodes.facts_of(DOMAIN, asked) == {
        linux.id: {"os": "linux", "arch": "amd64"},
        silent.id: {},
    }
    assert await kit.nodes.facts_of(DOMAIN, []) == {}


async def test_a_node_comes_back_as_it_was_added(kit: FleetKit) -> None:
    [node] = await _added(
        kit,
        a_node(
            1,
            kind=NodeKind.BRIDGE,
            name="Böhm & <Söhne>",
            endpoint="[2001:db8::1]:51820",
            nat_type="full_cone",
            psk_epoch=7,
            metadata={"role": "web"},
            facts={"os": "linux"},
            version=3,
            reachability=Reachability.HEALTHY,
            created_at=EPOCH + timedelta(microseconds=17),
            first_offset=41,
        ),
    )

    assert await kit.nodes.get(DOMAIN, node.id) == node
    assert await kit.nodes.find(node.id) == node
    assert await kit.nodes.all_of(DOMAIN) == [node]


async def test_a_node_belongs_to_one_domain_alone(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1))

    assert await kit.nodes.get(OTHER_DOMAIN, node.id) is None
    assert await kit.nodes.find(NOBODY) is None
    assert await kit.nodes.all_of(OTHER_DOMAIN) == []


async def test_a_hostname_names_one_live_node_of_a_domain(kit: FleetKit) -> None:
    [node, _] = await _added(kit, a_node(1), a_node(2, OTHER_DOMAIN, hostname=a_node(1).hostname))

    with pytest.raises(HostnameTaken):
        await _added(kit, a_node(3, hostname=node.hostname))
    assert await kit.nodes.count(DOMAIN, None) == 1


async def test_a_public_key_is_one_live_node_of_a_domain(kit: FleetKit) -> None:
    """M10: two nodes never share a key."""
    [node, _] = await _added(kit, a_node(1), a_node(2, OTHER_DOMAIN, public_key=a_node(1).public_key))

    with pytest.raises(PublicKeyTaken):
        await _added(kit, a_node(3, public_key=node.public_key))
    assert await kit.nodes.count(DOMAIN, None) == 1


async def test_what_a_departed_node_held_is_free_again(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1))
    await _departed(kit, node)

    [heir] = await _added(kit, a_node(2, hostname=node.hostname, public_key=node.public_key))

    assert await kit.nodes.all_of(DOMAIN) == [heir]


async def test_pages_hold_every_node_once_in_the_order_of_ids(kit: FleetKit) -> None:
    nodes = await _added(kit, *(a_node(number) for number in (3, 1, 5)), a_node(4, OTHER_DOMAIN))

    first = await kit.nodes.page(None, None, 3)
    rest = await kit.nodes.page(None, first.nodes[-1].id, 3)
    of_domain = await kit.nodes.page(DOMAIN, NodeId(a_node(1).id), 2)

    assert [node.id.int for node in (*first.nodes, *rest.nodes)] == [1, 3, 4, 5]
    assert (first.is_last, rest.is_last, of_domain.is_last) == (False, True, True)
    assert of_domain.nodes == (nodes[0], nodes[2])


async def test_live_nodes_are_counted_by_domain_and_project(kit: FleetKit) -> None:
    nodes = await _added(kit, a_node(1), a_node(2), a_node(3, project_id=OTHER_PROJECT), a_node(4))
    await _departed(kit, nodes[3])

    assert await kit.nodes.count(DOMAIN, None) == 3
    assert await kit.nodes.count(DOMAIN, PROJECT) == 2
    assert await kit.nodes.count(OTHER_DOMAIN, None) == 0


async def test_a_follower_reads_what_changed_behind_its_revision(kit: FleetKit) -> None:
    nodes = await _added(kit, *(a_node(number) for number in (1, 2, 3, 4)))
    await _departed(kit, nodes[0])

    behind = await kit.nodes.changed(DOMAIN, 3, ())
    named = await kit.nodes.changed(DOMAIN, 5, [nodes[1].id, NOBODY, nodes[1].id])

    assert [node.id.int for node in behind] == [1, 4]
    assert behind[0].removed_at is not None
    assert named == [nodes[1]]
    assert await kit.nodes.changed(OTHER_DOMAIN, 0, [nodes[1].id]) == []


async def test_an_endpoint_that_is_known_already_changes_nothing(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1))

    assert await kit.nodes.set_endpoint(DOMAIN, node.id, "203.0.113.9:51820", "none") is True
    assert await kit.nodes.set_endpoint(DOMAIN, node.id, "203.0.113.9:51820", "none") is False
    assert await kit.nodes.set_endpoint(DOMAIN, NOBODY, "203.0.113.9:51820", "none") is False
    assert await _read(kit, node) == replace(
        node, endpoint="203.0.113.9:51820", nat_type="none", version=node.version + 1
    )


async def test_a_new_endpoint_is_no_change_of_membership(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1))
    await kit.nodes.set_endpoint(DOMAIN, node.id, "203.0.113.9:51820", "none")

    assert await kit.nodes.changed(DOMAIN, 1, ()) == []


async def test_name_and_metadata_change_at_a_revision_and_nothing_else_does(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1, metadata={"role": "web"}))
    await kit.nodes.set_endpoint(DOMAIN, node.id, "203.0.113.9:51820", "none")

    await kit.nodes.set_named(replace(node, name="edge", metadata={"role": "db"}), 9)

    [changed] = await kit.nodes.changed(DOMAIN, 8, ())
    assert (changed.name, changed.metadata) == ("edge", {"role": "db"})
    assert (changed.endpoint, changed.version) == ("203.0.113.9:51820", node.version + 2)


async def test_moved_epochs_are_new_versions_of_the_named_nodes_alone(kit: FleetKit) -> None:
    nodes = await _added(kit, *(a_node(number) for number in (1, 2, 3)))
    await _departed(kit, nodes[1])

    await kit.nodes.move_epochs(DOMAIN, {nodes[0].id, nodes[1].id, NOBODY}, 9)

    [moved] = await kit.nodes.changed(DOMAIN, 8, ())
    assert moved == replace(nodes[0], psk_epoch=2, version=2)
    assert await _read(kit, nodes[2]) == nodes[2]


async def test_a_departure_happens_once(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1))

    await _departed(kit, node)
    await _departed(kit, node)

    [gone] = await kit.nodes.changed(DOMAIN, 0, ())
    assert gone.version == node.version + 1
    assert await kit.nodes.find(node.id) is None
    assert await kit.nodes.set_endpoint(DOMAIN, node.id, "203.0.113.9:51820", "none") is False


async def test_the_first_stream_starts_once_at_the_registration(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1, first_offset=0))

    taken = await asyncio.gather(*(kit.nodes.take_first_offset(DOMAIN, node.id) for _ in range(5)))

    assert sorted(taken, key=str) == [0, None, None, None, None]
    assert (await _read(kit, node)).first_offset is None
    assert await kit.nodes.take_first_offset(DOMAIN, NOBODY) is None


async def test_a_departed_node_has_no_first_stream(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1, first_offset=3))
    await _departed(kit, node)

    assert await kit.nodes.take_first_offset(DOMAIN, node.id) is None


async def test_what_a_failed_unit_of_work_did_to_nodes_never_was(kit: FleetKit) -> None:
    [node] = await _added(kit, a_node(1))

    with pytest.raises(InterruptedError):
        await _replaced_in_vain(kit, node)

    assert await kit.nodes.all_of(DOMAIN) == [node]


@pytest.mark.postgres
async def test_two_live_nodes_never_share_an_address(real: FleetKit) -> None:
    """H28: addresses come from the mesh; where that failed, the store still refuses."""
    await _added(real, a_node(1, mesh_ip=IPv4Address("10.100.0.9")))

    with pytest.raises(UniqueViolation, match="nodes_mesh_ip"):
        await _added(real, a_node(2, mesh_ip=IPv4Address("10.100.0.9")))


async def _replaced_in_vain(kit: FleetKit, node: Node) -> None:
    async with kit.unit_of_work():
        await kit.nodes.depart(DOMAIN, node.id, 2)
        await kit.nodes.add(a_node(2, hostname=node.hostname), 2)
        raise InterruptedError


async def _departed(kit: FleetKit, node: Node) -> None:
    async with kit.unit_of_work():
        await kit.nodes.depart(node.domain_id, node.id, await kit.meshes.take_turn(node.domain_id))
