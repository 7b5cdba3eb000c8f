"""Two processes sweep the same silent nodes over one PostgreSQL (D26, D27)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest

from plexsphere.fleet.application.confirm_departures import ConfirmDepartures
from plexsphere.fleet.application.sweep_silences import SweepSilences
from plexsphere.fleet.domain.liveness import Patience
from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.ports.heartbeats import Heartbeat
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, FleetKit, a_node
from tests.support.fleet_postgres import postgres_fleet
from tests.support.fleet_sight import FollowedFleet, grouped
from tests.support.identity import EPOCH
from tests.support.identity_postgres import lent_database

pytestmark = pytest.mark.postgres

CLASS: Final = 50
HOLDER: Final = UUID(int=0xA1)
PATIENCE: Final = Patience.of_seconds(30, 90, 300)
TOLD: Final = "SELECT recipients, frames FROM event_inbox WHERE cardinality(recipients) > 0"
VERSIONS: Final = "SELECT version, count(*) FROM nodes GROUP BY version"


class OnePatience:
    """The only Domain's."""

    async def all(self) -> dict[DomainId, Patience]:
        return {DOMAIN: PATIENCE}


@dataclass
class Scene:
    """Silent nodes in classes that each see themselves, and two processes with views of their own."""

    database: Database
    kit: FleetKit
    sweeps: list[SweepSilences]
    count: int

    async def enrol(self) -> None:
        await self.kit.make_domain(DOMAIN)
        async with self.kit.unit_of_work():
            await self.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
            for number in range(1, self.count + 1):
                bare = a_node(number, reachability=Reachability.HEALTHY)
                [node] = grouped([bare], f"class-{number // CLASS}")
                await self.kit.nodes.add(node, 1)
        await self.kit.liveness_clock.take(HOLDER, 0)
        await self.beat()

    async def beat(self) -> None:
        heard = [
            Heartbeat(DOMAIN, a_node(number).id, EPOCH, "", clock_skewed=False, noted_at=0.0)
            for number in range(1, self.count + 1)
        ]
        async with self.kit.unit_of_work():
            await self.kit.heartbeats.record(heard, 0.0)

    async def pass_time(self, milliseconds: int) -> Counter[str]:
        """Let time pass, have both sweep at once until nothing is due, and return the moves they made together."""
        assert await self.kit.liveness_clock.advance(HOLDER, milliseconds, 0)
        before = self._moves()
        while any(await asyncio.gather(*(sweep() for sweep in self.sweeps))):
            continue
        return self._moves() - before

    async def told(self, event_type: str) -> Counter[tuple[UUID, str]]:
        rows = await self._rows(TOLD)
        return Counter(
            (recipient, subject)
            for recipients, frames in rows
            for recipient in recipients
            for kind, subject in frames
            if kind == event_type and subject != str(recipient)
        )

    async def versions(self) -> dict[int, int]:
        return dict(await self._rows(VERSIONS))

    def _moves(self) -> Counter[str]:
        return sum((sweep.tally.moves for sweep in self.sweeps), Counter())

    async def _rows(self, statement: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement)).fetchall()


@asynccontextmanager
async def scene_of(dsn: Secret[str], count: int) -> AsyncIterator[Scene]:
    async with lent_database(dsn) as one, lent_database(dsn) as other:
        scene = Scene(one, postgres_fleet(one), [_sweep(one), _sweep(other)], count)
        await scene.enrol()
        yield scene


def _sweep(database: Database) -> SweepSilences:
    kit = postgres_fleet(database)
    fleet = FollowedFleet(kit)
    inbox = EventInbox(database, lambda: None)
    return SweepSilences(database, OnePatience(), kit.silences, fleet.take_turn, fleet.sight, inbox)


@pytest.mark.parametrize("count", [300, pytest.param(2_000, marks=pytest.mark.soak)])
async def test_every_silent_node_moves_once_and_is_told_once_however_many_sweep(
    database: Secret[str], count: int
) -> None:
    """H27: stale, withheld, taken away when it is confirmed, and back: each exactly once."""
    async with scene_of(database, count) as scene:
        assert await scene.pass_time(PATIENCE.marks_stale_at - 1) == {}
        assert await scene.pass_time(1) == {"stale": count}
        stale = await scene.told("peer_endpoint_changed")
        assert await scene.pass_time(PATIENCE.marks_unreachable_at) == {"withheld": count}
        assert await scene.told("peer_removed") == Counter()

        confirm = ConfirmDepartures(scene.database, OnePatience(), scene.kit.silences)
        await confirm(DOMAIN)
        assert await scene.pass_time(1) == {"unreachable": count}
        removed = await scene.told("peer_removed")
        await scene.beat()
        assert await scene.pass_time(1) == {"healthy": count}
        added = await scene.told("peer_added")

        assert set(stale.values()) == {1}
        assert stale == removed == added
        assert len(stale) == sum((size - 1) * size for size in _sizes(count))
        assert await scene.versions() == {4: count}


def _sizes(count: int) -> list[int]:
    return list(Counter(number // CLASS for number in range(1, count + 1)).values())


async def test_nodes_that_flap_while_two_sweep_are_told_as_often_as_they_moved(database: Secret[str]) -> None:
    """H27: heartbeats are recorded while both sweep."""
    async with scene_of(database, 100) as scene:
        moves: Counter[str] = Counter()
        for _ in range(4):
            moves += await scene.pass_time(PATIENCE.marks_stale_at)
            beats = asyncio.create_task(scene.beat())
            moves += await scene.pass_time(1)
            await beats
            moves += await scene.pass_time(1)

        assert moves == {"stale": 400, "healthy": 400}
        assert set((await scene.told("peer_endpoint_changed")).values()) == {8}
