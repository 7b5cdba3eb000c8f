"""Nodes fall silent and come back, and things go wrong on our own side, over two servers and one database."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from psycopg import AsyncConnection

from plexd.protocol.client.transport import Transport
from plexd.protocol.events.payloads import PeerChanged, PeerRemoved
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, served
from tests.support.event_reader import Enrolled, EventReader, reading
from tests.support.event_scene import annotate, enrolled
from tests.support.fault_proxy import proxied
from tests.support.heartbeats import Beating, beat_each_second, beating

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

NODES, VANISHING = 26, 16
MOVES: Final = "SELECT count(*) FROM event_log WHERE frames::text LIKE ANY (%s)"
TOLD_OF_LIVENESS: Final = ["%peer_removed%", "%peer_endpoint_changed%"]
MARKED: Final = "SELECT count(*) FROM nodes WHERE silence <> 'none'"


class SteppingClock(SystemClock):
    """A wall clock that somebody sets; the monotonic one goes on."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return super().now() + self.shift


@dataclass
class Fleet:
    """Two servers over one database, and nodes that beat each second."""

    place: Place
    nodes: Sequence[Enrolled]
    servers: Sequence[Transport]
    hearts: Beating
    database: Secret[str]

    async def reachability(self) -> dict[str, Any]:
        async with self.place.as_operator() as client:
            answer = await client.get(f"/v1/domains/{self.place.domain_id}/reachability")
            return dict(answer.raise_for_status().json())

    async def heard(self, node: Enrolled) -> dict[str, Any]:
        async with self.place.as_operator() as client:
            answer = await client.get(f"/v1/nodes/{node.node_id}/reachability")
            return dict(answer.raise_for_status().json())

    async def confirm(self) -> None:
        async with self.place.as_operator() as client:
            path = f"/v1/domains/{self.place.domain_id}/reachability/confirm"
            (await client.post(path)).raise_for_status()

    async def until(self, claim: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while True:
                if claim(shown := await self.reachability()):
                    return shown
                await asyncio.sleep(0.2)

    async def peers_of(self, node: Enrolled) -> set[str]:
        snapshot = await node.channel(self.servers[0]).state()
        return {peer.id for peer in snapshot.state.peers}  # type: ignore[union-attr]  # never fetched before

    async def number(self, statement: Any, *given: Any) -> int:
        async with await AsyncConnection.connect(session_conninfo(self.database)) as connection:
            row = await (await connection.execute(statement, given)).fetchone()
            return int(row[0]) if row else 0


@asynccontextmanager
async def fleet_over(
    database: Secret[str], count: int, *, through: Secret[str] | None = None, **terms: Any
) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(served(through or database, **terms))
        other = await stack.enter_async_context(served(through or database, place=one))
        servers = [
            await stack.enter_async_context(Transport.connected(each.base_url)) for each in (one, other)
        ]
        await beat_each_second(one)
        nodes = await enrolled(one, servers[0], count)
        hearts = await stack.enter_async_context(beating(nodes, servers))
        fleet = Fleet(one, nodes, servers, hearts, database)
        await fleet.until(lambda shown: shown["nodes"]["healthy"] == count)
        yield fleet


def told(reader: EventReader, liveness: str) -> Counter[str]:
    changes = [
        each for each in reader.payloads if isinstance(each, PeerChanged) and each.liveness == liveness
    ]
    return Counter(each.subject for each in changes)


def removed(reader: EventReader) -> Counter[str]:
    gone = [each for each in reader.payloads if isinstance(each, PeerRemoved) and each.reason == "offline"]
    return Counter(each.subject for each in gone)


async def test_sixty_percent_vanish_and_nobody_is_taken_away_until_it_is_confirmed(
    database: Secret[str],
) -> None:
    """H27: two servers sweep, and every move is told once; the guard holds, lets pass when told, and all come back."""
    async with fleet_over(database, NODES) as fleet:
        watcher, vanished = EventReader(fleet.nodes[0]), fleet.nodes[-VANISHING:]
        gone = {node.node_id for node in vanished}
        once = Counter(gone)
        async with reading(watcher, watcher.node.channel(fleet.servers[1])):
            fleet.hearts.silent.update(gone)
            shown = await fleet.until(lambda shown: shown["guard"]["withheld"] == VANISHING)
            assert shown["guard"]["holds"]
            assert set(shown["guard"]["withheld_node_ids"]) == gone
            assert shown["nodes"]["unreachable"] == VANISHING
            assert (told(watcher, "unreachable"), removed(watcher)) == (once, Counter())
            assert gone <= await fleet.peers_of(fleet.nodes[1])
            heard = await fleet.heard(vanished[0])
            assert heard["state"] == "unreachable"
            assert heard["last_heartbeat_at"] < heard["changed_at"]

            await fleet.confirm()
            await watcher.until_true(30, lambda: removed(watcher) == once)
            shown = await fleet.reachability()
            assert (shown["guard"]["withheld"], shown["nodes"]["unreachable"]) == (0, VANISHING)
            assert not gone & await fleet.peers_of(fleet.nodes[2])
            await annotate(fleet.place, vanished[0], "while", "away")

            enrolments = _added(watcher)
            fleet.hearts.silent.clear()
            await fleet.until(lambda shown: shown["nodes"]["healthy"] == NODES)
            await watcher.until_true(30, lambda: _added(watcher) - enrolments >= once)
            assert _added(watcher) - enrolments == once
            assert gone <= await fleet.peers_of(fleet.nodes[3])
        assert watcher.faults == []


def _added(reader: EventReader) -> Counter[str]:
    events = [event for event in reader.told.values() if event.event_type == "peer_added"]
    return Counter(each.payload.subject for each in events if isinstance(each.payload, PeerChanged))


async def test_an_outage_of_the_database_ten_intervals_long_marks_nobody(
    database: Secret[str], tmp_path: Path
) -> None:
    """H25: heartbeats are refused meanwhile, and every age begins anew behind it."""
    async with (
        proxied(database, tmp_path) as (proxy, through),
        fleet_over(database, 5, through=through, pool_size=4) as fleet,
    ):
        before = await fleet.number(MOVES, TOLD_OF_LIVENESS)
        proxy.is_refusing = True
        proxy.cut_all()
        await asyncio.sleep(11)
        assert fleet.hearts.refused > 0
        proxy.is_refusing = False
        await fleet.until(lambda shown: shown["nodes"]["healthy"] == len(fleet.nodes))
        await asyncio.sleep(6)

        assert await fleet.number(MARKED) == 0
        assert await fleet.number(MOVES, TOLD_OF_LIVENESS) == before


async def test_a_wall_clock_that_steps_an_hour_either_way_marks_nobody_and_signs_no_wrong_time(
    database: Secret[str],
) -> None:
    """H24: one of two servers has the clock; streams go on at it, and what it signs is never back by a second."""
    clock = SteppingClock()
    async with fleet_over(database, 4, clock=clock) as fleet:
        watcher = EventReader(fleet.nodes[0])
        async with reading(watcher, watcher.node.channel(fleet.servers[0])):
            for hours in (0, 1, -1):
                clock.shift = timedelta(hours=hours)
                await annotate(fleet.place, fleet.nodes[0], "hours", str(hours))
                await asyncio.sleep(6 if hours else 0)
            await watcher.until_true(10, lambda: watcher.types.count("node_state_updated") == 3)

        issued = [event.issued_at for event in watcher.told.values()]
        assert watcher.faults == []
        assert all(later - earlier > timedelta(seconds=-1) for earlier, later in pairwise(issued))
        assert max(issued) - min(issued) < timedelta(minutes=5)
        assert await fleet.number(MARKED) == 0
        assert await fleet.number(MOVES, TOLD_OF_LIVENESS) == 0
