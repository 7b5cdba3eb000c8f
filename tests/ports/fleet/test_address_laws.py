"""Laws of address allocation, over arbitrary lives of a tiny mesh (H28, H29)."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from ipaddress import IPv4Address
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexsphere.fleet.domain.errors import AddressPoolExhausted
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import FleetKit, FleetStore, a_node, memory_fleet
from tests.support.identity import FakeClock

RANGE: Final = MeshRange.parse("10.100.0.0/29")
COOLDOWN: Final = 60

# Join as a node or a bridge, leave as the n-th of those that live, or let minutes pass.
STEPS: Final = st.lists(
    st.one_of(
        st.sampled_from(list(NodeKind)), st.integers(0, 5), st.integers(1, 90).map(lambda by: float(by))
    ),
    max_size=40,
)


class Life:
    """One mesh from its opening on, with what must be true of it."""

    def __init__(self, kit: FleetKit, domain_id: DomainId, first_id: int) -> None:
        self._kit = kit
        self._domain_id = domain_id
        self._next_id = first_id
        self._minute = 0.0
        self._live: list[tuple[NodeId, IPv4Address]] = []
        self._left_at: dict[IPv4Address, float] = {}

    async def live(self, steps: list[NodeKind | int | float]) -> None:
        async with self._kit.unit_of_work():
            await self._kit.meshes.open(self._domain_id, RANGE)
        for step in steps:
            if isinstance(step, NodeKind):
                await self._join(step)
            elif isinstance(step, int):
                await self._leave(step)
            else:
                await self._kit.let_time_pass(timedelta(minutes=step))
                self._minute += step

    async def _join(self, kind: NodeKind) -> None:
        free = self._free()
        try:
            node_id, address = await self._joined(kind)
        except AddressPoolExhausted:
            assert not free, "an address was free"
            return
        assert address in free, "the address is in use, cooling down or outside of the range"
        self._live.append((node_id, address))

    async def _joined(self, kind: NodeKind) -> tuple[NodeId, IPv4Address]:
        async with self._kit.unit_of_work():
            revision = await self._kit.meshes.take_turn(self._domain_id)
            address = await self._kit.meshes.take_address(self._domain_id, kind)
            node = a_node(self._next_id, self._domain_id, mesh_ip=address, kind=kind)
            await self._kit.nodes.add(node, revision)
        self._next_id += 1
        return node.id, address

    async def _leave(self, place: int) -> None:
        if place < len(self._live):
            node_id, address = self._live.pop(place)
            self._left_at[address] = self._minute
            async with self._kit.unit_of_work():
                revision = await self._kit.meshes.take_turn(self._domain_id)
                await self._kit.nodes.depart(self._domain_id, node_id, revision)

    def _free(self) -> set[IPv4Address]:
        hot = {address for address, at in self._left_at.items() if self._minute < at + COOLDOWN}
        return set(RANGE.network.hosts()) - {address for _, address in self._live} - hot


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_every_join_gets_a_free_address_or_none_was_free(steps: list[NodeKind | int | float]) -> None:
    """H28, H29: unique, never reused inside the cooldown, refused exactly when none is free."""
    kit = memory_fleet(FleetStore(FakeClock()))

    asyncio.run(Life(kit, DomainId(UUID(int=1)), 1).live(steps))


@pytest.mark.postgres
def test_the_store_obeys_the_same_law(database: Secret[str]) -> None:
    """H28, H29: as above, with a Domain of its own for every life."""
    from tests.support.fleet_postgres import lent_fleet

    numbers = iter(range(1, 10_000))

    async def one_life(steps: list[NodeKind | int | float]) -> None:
        async with lent_fleet(database) as kit:
            number = next(numbers)
            domain_id = DomainId(UUID(int=number))
            await kit.make_domain(domain_id)
            await Life(kit, domain_id, number * 1_000).live(steps)

    _for_many_lives(20, one_life)


def _for_many_lives(
    examples: int, one_life: Callable[[list[NodeKind | int | float]], Coroutine[Any, Any, None]]
) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def check(steps: list[NodeKind | int | float]) -> None:
        asyncio.run(one_life(steps))

    check()
