"""Ticked time and the silence of nodes, the same in memory and in PostgreSQL (D26, D27)."""

from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from plexsphere.fleet.domain.disruption import Census
from plexsphere.fleet.domain.liveness import GRACE_MS, Move, Patience, Standing
from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.ports.heartbeats import Heartbeat
from plexsphere.fleet.ports.liveness import ClockReading, Due
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, NOBODY, OTHER_DOMAIN, FleetKit, a_node
from tests.support.fleet_postgres import postgres_fleet
from tests.support.identity import EPOCH
from tests.support.identity_postgres import lent_database

HOLDER, OTHER_HOLDER = UUID(int=0xA1), UUID(int=0xA2)
PATIENCE = Patience.of_seconds(30, 90, 300)
PATIENCES = {DOMAIN: PATIENCE, OTHER_DOMAIN: Patience.of_seconds(60, 180, 600)}
HEALTHY, STALE, UNREACHABLE = Reachability.HEALTHY, Reachability.STALE, Reachability.UNREACHABLE


@dataclass
class Scene:
    """A kit whose clock somebody holds."""

    kit: FleetKit

    async def join(self, *numbers: int, reachability: Reachability = HEALTHY, withheld: bool = False) -> None:
        for number in numbers:
            await self.kit.nodes.add(a_node(number, reachability=reachability, is_withheld=withheld), 1)

    async def beat(self, *numbers: int, waited: float = 0.0) -> None:
        batch = [
            Heartbeat(DOMAIN, a_node(each).id, EPOCH, "", clock_skewed=False, noted_at=-waited)
            for each in numbers
        ]
        async with self.kit.unit_of_work():
            await self.kit.heartbeats.record(batch, 0.0)

    async def let_pass(self, milliseconds: int, pause: int = 0) -> None:
        assert await self.kit.liveness_clock.advance(HOLDER, milliseconds, pause)

    async def due(self, patience: Patience = PATIENCE, most: int = 100) -> list[Standing]:
        async with self.kit.unit_of_work():
            return list(await self.kit.silences.take_due(DOMAIN, patience, most))

    async def store(self, *moves: Move) -> None:
        async with self.kit.unit_of_work():
            await self.kit.silences.store(DOMAIN, moves)

    async def reachability(self, number: int) -> tuple[Reachability, bool, int]:
        node = await self.kit.nodes.get(DOMAIN, a_node(number).id)
        assert node
        return node.reachability, node.is_withheld, node.version


@pytest.fixture
async def scene(kit: FleetKit) -> Scene:
    clock = kit.liveness_clock
    assert await clock.take(HOLDER, (await clock.read()).beats)
    assert await clock.advance(HOLDER, 1_000, 0)
    return Scene(kit)


def ids(standings: list[Standing]) -> list[NodeId]:
    return [each.node_id for each in standings]


async def test_the_clock_is_taken_once_and_advanced_by_its_holder_alone(kit: FleetKit) -> None:
    clock = kit.liveness_clock
    assert await clock.read() == ClockReading(0, 0, None, 0)

    assert await clock.take(HOLDER, 0)
    assert not await clock.take(OTHER_HOLDER, 0)
    assert await clock.advance(HOLDER, 250, 0)
    assert not await clock.advance(OTHER_HOLDER, 250, 0)
    await clock.show_service()

    assert await clock.read() == ClockReading(250, 2, HOLDER, 1)


async def test_whoever_takes_a_clock_that_stands_still_is_its_holder(scene: Scene) -> None:
    clock = scene.kit.liveness_clock

    assert await clock.take(OTHER_HOLDER, (await clock.read()).beats)

    assert not await clock.advance(HOLDER, 250, 0)


async def test_a_node_is_due_when_its_age_is_and_not_a_moment_before(scene: Scene) -> None:
    """H26: three intervals, ten intervals, and a grace for what is on its way."""
    await scene.join(1)
    await scene.beat(1)
    await scene.let_pass(PATIENCE.marks_stale_at - 1)
    assert await scene.due() == []

    await scene.let_pass(1)

    age = 90_000 + GRACE_MS
    assert await scene.due() == [Standing(a_node(1).id, HEALTHY, False, age, age)]
    assert await scene.kit.silences.due(PATIENCES) == {DOMAIN: Due(1, 0)}


async def test_a_stale_node_is_due_at_ten_intervals_or_when_it_is_heard_of(scene: Scene) -> None:
    await scene.join(1, 2, reachability=STALE)
    await scene.beat(1, 2)
    await scene.let_pass(PATIENCE.marks_unreachable_at)
    await scene.beat(2)

    [first, second] = await scene.due()

    assert (first.age, second.heard_ago) == (300_000 + GRACE_MS, 0)


async def test_a_heartbeat_counts_for_the_moment_at_which_it_arrived(scene: Scene) -> None:
    """H26: what waited in a process until it could be written brings nobody back."""
    await scene.join(1, reachability=UNREACHABLE)
    await scene.let_pass(1_000_000)

    await scene.beat(1, waited=90.0)
    assert await scene.due() == []
    await scene.beat(1, waited=89.0)

    assert ids(await scene.due()) == [a_node(1).id]


async def test_a_pause_longer_than_the_interval_lets_every_age_begin_anew(scene: Scene) -> None:
    """H25: in a Domain with a longer interval the ages go on."""
    await scene.join(1)
    await scene.beat(1)
    await scene.kit.nodes.add(a_node(2, OTHER_DOMAIN, reachability=HEALTHY), 1)
    await scene.let_pass(PATIENCE.marks_stale_at)

    await scene.let_pass(0, pause=31)
    assert await scene.due() == []
    await scene.let_pass(PATIENCE.marks_stale_at)

    assert set(await scene.kit.silences.due(PATIENCES)) == {DOMAIN, OTHER_DOMAIN}
    assert (await scene.due())[0].age == PATIENCE.marks_stale_at


async def test_of_several_pauses_the_last_that_was_long_enough_counts(scene: Scene) -> None:
    await scene.join(1)
    for pause in (100, 40, 60, 20):
        await scene.let_pass(1000, pause)
    await scene.let_pass(PATIENCE.marks_stale_at - 1001)
    assert await scene.due() == []
    await scene.let_pass(1)

    assert ids(await scene.due()) == [a_node(1).id]
    assert await scene.due(replace(PATIENCE, interval=10_000)) == []


async def test_a_new_holder_of_the_clock_lets_every_age_begin_anew(scene: Scene) -> None:
    """H25."""
    await scene.join(1)
    await scene.let_pass(PATIENCE.marks_stale_at)
    clock = scene.kit.liveness_clock

    await clock.take(OTHER_HOLDER, (await clock.read()).beats)

    assert await scene.due(replace(PATIENCE, interval=3_600_000)) == []


async def test_who_never_reported_or_left_is_never_due(scene: Scene) -> None:
    await scene.join(1, reachability=Reachability.NEVER_REPORTED)
    await scene.join(2)
    await scene.kit.nodes.depart(DOMAIN, a_node(2).id, 2)
    await scene.let_pass(PATIENCE.marks_unreachable_at)

    assert await scene.due() == []
    assert await scene.kit.silences.due(PATIENCES) == {}


async def test_no_more_are_taken_than_wanted_in_the_order_of_ids(scene: Scene) -> None:
    await scene.join(3, 1, 2)
    await scene.let_pass(PATIENCE.marks_stale_at)

    assert ids(await scene.due(most=2)) == [a_node(1).id, a_node(2).id]


async def test_a_move_is_stored_and_raises_the_version_where_peers_are_told(scene: Scene) -> None:
    await scene.join(1, 2)

    await scene.store(
        Move(a_node(1).id, HEALTHY, False, STALE), Move(a_node(2).id, STALE, False, UNREACHABLE, True)
    )

    assert await scene.reachability(1) == (STALE, False, 2)
    assert await scene.reachability(2) == (UNREACHABLE, True, 1)


async def test_the_census_counts_who_is_there_who_leaves_and_who_is_withheld(scene: Scene) -> None:
    await scene.join(1, 2, 3)
    await scene.join(4, reachability=STALE)
    await scene.join(5, reachability=UNREACHABLE, withheld=True)
    await scene.join(6, reachability=UNREACHABLE)
    await scene.join(7, reachability=Reachability.NEVER_REPORTED)
    await scene.let_pass(PATIENCE.leaves_soon_at)
    await scene.beat(1)

    assert await scene.kit.silences.census(DOMAIN, PATIENCE) == Census(5, 4, 1)
    await scene.let_pass(0, pause=31)
    assert await scene.kit.silences.census(DOMAIN, PATIENCE) == Census(5, 1, 1)


async def test_the_census_of_an_empty_domain_counts_nobody(scene: Scene) -> None:
    assert await scene.kit.silences.census(DOMAIN, PATIENCE) == Census(0, 0, 0)


async def test_a_confirmation_lasts_for_a_while_and_makes_the_withheld_due(scene: Scene) -> None:
    await scene.join(1, reachability=UNREACHABLE, withheld=True)
    await scene.let_pass(PATIENCE.stale_after)
    assert await scene.due() == []
    assert await scene.kit.silences.due(PATIENCES) == {DOMAIN: Due(0, 1)}

    assert await scene.kit.silences.let_pass(DOMAIN, 30_000)

    assert ids(await scene.due()) == [a_node(1).id]
    assert (await scene.kit.silences.census(DOMAIN, PATIENCE)).is_let_pass
    await scene.let_pass(30_000)
    assert await scene.due() == []


async def test_where_nobody_is_withheld_nothing_is_confirmed(scene: Scene) -> None:
    await scene.join(1)

    assert not await scene.kit.silences.let_pass(DOMAIN, 30_000)

    assert not (await scene.kit.silences.census(DOMAIN, PATIENCE)).is_let_pass


async def test_nodes_are_counted_by_reachability_and_the_withheld_are_named(scene: Scene) -> None:
    await scene.join(1, 2)
    await scene.join(3, 4, 5, reachability=STALE)
    for number in (3, 4, 5):
        await scene.store(Move(a_node(number).id, STALE, False, UNREACHABLE, True))

    withheld = await scene.kit.silences.withheld(DOMAIN, 2)

    assert await scene.kit.silences.counts(DOMAIN) == {HEALTHY: 2, UNREACHABLE: 3}
    assert (withheld.count, withheld.first) == (3, (a_node(3).id, a_node(4).id))
    assert withheld.since is not None
    assert (await scene.kit.silences.withheld(OTHER_DOMAIN, 2)).first == ()


async def test_a_node_was_last_heard_of_and_changed_at_our_times(scene: Scene) -> None:
    await scene.join(1, reachability=Reachability.NEVER_REPORTED)
    before = await scene.kit.silences.last_heard(DOMAIN, a_node(1).id)
    await scene.beat(1)
    after = await scene.kit.silences.last_heard(DOMAIN, a_node(1).id)

    assert before
    assert after
    assert (before.last_heartbeat_at, before.changed_at, after.last_heartbeat_at) == (None, EPOCH, EPOCH)
    assert after.changed_at >= EPOCH
    assert await scene.kit.silences.last_heard(DOMAIN, NOBODY) is None


async def test_nodes_that_missed_heartbeats_left_or_never_were_are_silent(scene: Scene) -> None:
    await scene.join(1)
    await scene.join(2, reachability=Reachability.NEVER_REPORTED)
    await scene.join(3, reachability=Reachability.STALE)
    await scene.join(4, reachability=Reachability.UNREACHABLE)
    await scene.join(5)
    async with scene.kit.unit_of_work():
        await scene.kit.nodes.depart(DOMAIN, a_node(5).id, await scene.kit.meshes.take_turn(DOMAIN))
    asked = [a_node(number).id for number in (1, 2, 3, 4, 5)]

    silent = await scene.kit.silences.silent_among(DOMAIN, [*asked, NOBODY])
    assert silent == {a_node(3).id, a_node(4).id, a_node(5).id, NOBODY}
    assert await scene.kit.silences.silent_among(OTHER_DOMAIN, asked[:1]) == {a_node(1).id}
    assert await scene.kit.silences.silent_among(DOMAIN, []) == frozenset()


async def test_the_guard_of_a_domain_without_a_mesh_cannot_be_taken(scene: Scene) -> None:
    await scene.kit.silences.open_guard(DOMAIN)
    await scene.kit.silences.open_guard(DOMAIN)
    await scene.kit.silences.open_guard(DomainId(UUID(int=0xFFFF)))
    async with scene.kit.unit_of_work():
        assert await scene.kit.silences.take_guard(DOMAIN)
        assert not await scene.kit.silences.take_guard(DomainId(UUID(int=0xFFFF)))


@pytest.mark.postgres
async def test_what_a_process_without_ticks_recorded_is_taken_for_a_heartbeat_of_now(
    database: Secret[str],
) -> None:
    """A process of the version before goes on recording beside new ones; its nodes are not marked."""
    async with lent_database(database) as lent:
        kit = postgres_fleet(lent)
        scene = Scene(kit)
        await kit.make_domain(DOMAIN)
        async with kit.unit_of_work():
            await kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
        await kit.liveness_clock.take(HOLDER, 0)
        await scene.join(1)
        await scene.beat(1)
        await scene.let_pass(PATIENCE.marks_stale_at)
        async with lent.connection() as connection:
            await connection.execute("UPDATE nodes SET last_heartbeat_at = now()")

        assert await scene.due() == []
        assert await kit.silences.due(PATIENCES) == {DOMAIN: Due(0, 0, 1)}
        await kit.silences.adopt(DOMAIN)

        assert await kit.silences.due(PATIENCES) == {}
        await scene.let_pass(PATIENCE.marks_stale_at)
        assert [each.age for each in await scene.due()] == [PATIENCE.marks_stale_at]
