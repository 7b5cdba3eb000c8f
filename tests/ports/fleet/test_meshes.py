"""A mesh gives each node an address of its own, keeps it out of use for an hour, and orders changes by turns."""

import asyncio
from datetime import timedelta
from ipaddress import IPv4Address
from uuid import UUID

import pytest

from plexsphere.fleet.domain.errors import AddressPoolExhausted, DomainNotFound, MeshRangeInUse
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.fleet.domain.pair_key import Holder, PairKeys
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.fleet import DOMAIN, NOBODY, OTHER_DOMAIN, FleetKit, a_node

NOWHERE = DomainId(UUID(int=0x404))
TINY = MeshRange.parse("10.100.0.0/29")
SMALLEST_WITH_BRIDGES = MeshRange.parse("10.100.0.0/23")
HOUR = timedelta(hours=1)


async def _opened(kit: FleetKit, mesh_range: MeshRange, domain_id: DomainId = DOMAIN) -> None:
    async with kit.unit_of_work():
        await kit.meshes.open(domain_id, mesh_range)


async def _taken(kit: FleetKit, kind: NodeKind = NodeKind.NODE, domain_id: DomainId = DOMAIN) -> IPv4Address:
    async with kit.unit_of_work():
        await kit.meshes.take_turn(domain_id)
        return await kit.meshes.take_address(domain_id, kind)


async def _joined(kit: FleetKit, number: int, kind: NodeKind = NodeKind.NODE) -> IPv4Address:
    async with kit.unit_of_work():
        revision = await kit.meshes.take_turn(DOMAIN)
        address = await kit.meshes.take_address(DOMAIN, kind)
        await kit.nodes.add(a_node(number, mesh_ip=address, kind=kind), revision)
        return address


async def _left(kit: FleetKit, number: int) -> None:
    async with kit.unit_of_work():
        await kit.nodes.depart(DOMAIN, NodeId(UUID(int=number)), await kit.meshes.take_turn(DOMAIN))


def _key(keys: PairKeys) -> str:
    return keys.of(Holder(NOBODY, 1), Holder(NodeId(UUID(int=1)), 1)).key


async def test_an_open_mesh_keeps_its_secret_base(bare: FleetKit) -> None:
    await _opened(bare, TINY)
    await _opened(bare, TINY, OTHER_DOMAIN)

    once, again = await bare.meshes.get(DOMAIN), await bare.meshes.get(DOMAIN)
    other = await bare.meshes.get(OTHER_DOMAIN)

    assert once is not None
    assert again is not None
    assert other is not None
    assert (once.revision, once.keys.generation) == (0, 1)
    assert _key(once.keys) == _key(again.keys) != _key(other.keys)
    assert await bare.meshes.get(NOWHERE) is None


async def test_each_turn_is_the_next_revision_of_its_domain(kit: FleetKit) -> None:
    revisions = []
    for domain_id in (DOMAIN, DOMAIN, OTHER_DOMAIN):
        async with kit.unit_of_work():
            revisions.append(await kit.meshes.take_turn(domain_id))

    assert revisions == [1, 2, 1]
    record = await kit.meshes.get(DOMAIN)
    assert record is not None
    assert record.revision == 2


async def test_there_is_no_turn_without_a_mesh(kit: FleetKit) -> None:
    with pytest.raises(DomainNotFound):
        async with kit.unit_of_work():
            await kit.meshes.take_turn(NOWHERE)


async def test_addresses_count_up_within_the_range(kit: FleetKit) -> None:
    assert [str(await _taken(kit)) for _ in range(3)] == ["10.100.0.1", "10.100.0.2", "10.100.0.3"]
    assert str(await _taken(kit, domain_id=OTHER_DOMAIN)) == "10.100.0.1"


async def test_bridges_take_from_the_upper_24(kit: FleetKit) -> None:
    assert [str(await _taken(kit, NodeKind.BRIDGE)) for _ in range(2)] == ["10.100.255.0", "10.100.255.1"]


async def test_nodes_never_take_what_is_kept_for_bridges(bare: FleetKit) -> None:
    """H29: exhaustion of one pool leaves the other alone."""
    await _opened(bare, SMALLEST_WITH_BRIDGES)

    async with bare.unit_of_work():
        await bare.meshes.take_turn(DOMAIN)
        nodes = [await bare.meshes.take_address(DOMAIN, NodeKind.NODE) for _ in range(255)]

    assert (str(nodes[0]), str(nodes[-1])) == ("10.100.0.1", "10.100.0.255")
    with pytest.raises(AddressPoolExhausted):
        await _taken(bare)
    assert str(await _taken(bare, NodeKind.BRIDGE)) == "10.100.1.0"


async def test_bridges_never_take_beyond_the_range(kit: FleetKit) -> None:
    """H29: their pool ends before the broadcast address."""
    async with kit.unit_of_work():
        await kit.meshes.take_turn(DOMAIN)
        bridges = [await kit.meshes.take_address(DOMAIN, NodeKind.BRIDGE) for _ in range(255)]

    assert str(bridges[-1]) == "10.100.255.254"
    with pytest.raises(AddressPoolExhausted):
        await _taken(kit, NodeKind.BRIDGE)
    assert str(await _taken(kit)) == "10.100.0.1"


async def test_in_a_small_range_bridges_and_nodes_share_the_addresses(bare: FleetKit) -> None:
    await _opened(bare, TINY)

    kinds = [NodeKind.NODE, NodeKind.BRIDGE, NodeKind.BRIDGE, NodeKind.NODE, NodeKind.BRIDGE, NodeKind.NODE]
    taken = [await _joined(bare, number, kind) for number, kind in enumerate(kinds, start=1)]

    assert [str(address) for address in taken] == [f"10.100.0.{host}" for host in range(1, 7)]
    for kind in NodeKind:
        with pytest.raises(AddressPoolExhausted):
            await _taken(bare, kind)
    await _left(bare, 2)
    await bare.let_time_pass(HOUR)
    assert await _taken(bare) == taken[1]


async def test_an_address_cools_down_for_an_hour(bare: FleetKit) -> None:
    """H29: not reused inside the cooldown."""
    await _opened(bare, TINY)
    addresses = [await _joined(bare, number) for number in range(1, 7)]

    await _left(bare, 3)
    await bare.let_time_pass(HOUR - timedelta(seconds=60))
    with pytest.raises(AddressPoolExhausted):
        await _taken(bare)
    await bare.let_time_pass(timedelta(seconds=60))

    assert await _taken(bare) == addresses[2]
    with pytest.raises(AddressPoolExhausted):
        await _taken(bare)


async def test_the_longest_released_address_is_taken_first(bare: FleetKit) -> None:
    await _opened(bare, TINY)
    addresses = [await _joined(bare, number) for number in range(1, 7)]
    for number in (5, 2):
        await _left(bare, number)
        await bare.let_time_pass(timedelta(minutes=1))
    await bare.let_time_pass(HOUR)

    assert [await _taken(bare), await _taken(bare)] == [addresses[4], addresses[1]]


async def test_a_registration_that_failed_leaves_no_gap(kit: FleetKit) -> None:
    """H28: no gap leaks after failures."""
    with pytest.raises(InterruptedError):
        await _taken_in_vain(kit)

    assert str(await _taken(kit)) == "10.100.0.1"


@pytest.mark.postgres
async def test_many_at_once_get_an_address_each(real: FleetKit) -> None:
    """H28: unique, without gaps."""
    taken = await asyncio.gather(*(_taken(real) for _ in range(60)))

    assert sorted(taken) == [IPv4Address("10.100.0.0") + host for host in range(1, 61)]


async def test_an_empty_mesh_gets_another_range(kit: FleetKit) -> None:
    await _joined(kit, 1)
    await _left(kit, 1)
    await kit.let_time_pass(HOUR)

    await _changed(kit, TINY)

    assert str(await _taken(kit, NodeKind.BRIDGE)) == "10.100.0.1"


async def test_a_mesh_in_use_keeps_its_range(kit: FleetKit) -> None:
    await _joined(kit, 1)

    with pytest.raises(MeshRangeInUse):
        await _changed(kit, TINY)
    await _left(kit, 1)
    with pytest.raises(MeshRangeInUse):
        await _changed(kit, TINY)

    assert str(await _taken(kit, NodeKind.BRIDGE)) == "10.100.255.0"


async def test_addresses_of_the_old_range_are_forgotten(bare: FleetKit) -> None:
    await _opened(bare, TINY)
    for number in range(1, 7):
        await _joined(bare, number)
    for number in range(1, 7):
        await _left(bare, number)
    await bare.let_time_pass(HOUR)

    await _changed(bare, MeshRange.parse("10.200.0.0/29"))

    assert [str(await _taken(bare)) for _ in range(6)] == [f"10.200.0.{host}" for host in range(1, 7)]
    with pytest.raises(AddressPoolExhausted):
        await _taken(bare)


async def test_a_closed_mesh_leaves_nothing_behind(kit: FleetKit) -> None:
    await _joined(kit, 1)
    await _left(kit, 1)
    async with kit.unit_of_work():
        await kit.meshes.close(DOMAIN)

    assert await kit.meshes.get(DOMAIN) is None
    assert await kit.nodes.changed(DOMAIN, 0, ()) == []
    await _opened(kit, TINY)
    assert str(await _taken(kit)) == "10.100.0.1"


@pytest.mark.parametrize("log_denied", [True, False])
async def test_a_mesh_remembers_whether_its_nodes_note_what_they_refuse(
    kit: FleetKit, log_denied: bool
) -> None:
    await kit.meshes.close(DOMAIN)
    await kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"), log_denied=log_denied)
    opened = await kit.meshes.get(DOMAIN)

    await kit.meshes.note_denied(DOMAIN, log_denied=not log_denied)

    changed = await kit.meshes.get(DOMAIN)
    assert opened is not None
    assert changed is not None
    assert (opened.log_denied, changed.log_denied) == (log_denied, not log_denied)


async def _taken_in_vain(kit: FleetKit) -> None:
    async with kit.unit_of_work():
        await kit.meshes.take_turn(DOMAIN)
        await kit.meshes.take_address(DOMAIN, NodeKind.NODE)
        raise InterruptedError


async def _changed(kit: FleetKit, mesh_range: MeshRange) -> None:
    async with kit.unit_of_work():
        await kit.meshes.take_turn(DOMAIN)
        await kit.meshes.change_range(DOMAIN, mesh_range)
