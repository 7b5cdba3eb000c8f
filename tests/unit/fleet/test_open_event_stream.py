"""A stream goes on where its node left off, or says that it cannot (design D23, D24)."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import pytest

from plexd.protocol.events.framing import FrameParser
from plexsphere.fleet.application.claim_book import ClaimBook
from plexsphere.fleet.application.expand_row import ExpandRow
from plexsphere.fleet.application.lost_places import MOST_NOTES, LostPlaces
from plexsphere.fleet.application.open_event_stream import (
    FAREWELL,
    SHOW_OF_LIFE,
    EventStream,
    OpenEventStream,
)
from plexsphere.fleet.application.reconcile_book import SPREAD_SECONDS, ReconcileBook
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.application.turns import Turns
from plexsphere.fleet.domain.errors import NodeNotFound, PlaceLostTooOften
from plexsphere.fleet.ports.views import Replay
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.rows import Row
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import EventType, Frame
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded
from tests.support.event_rows import StampSigner, a_row, node_id
from tests.support.fleet import DOMAIN, FleetStore, MemoryAnnouncements, a_node, memory_fleet
from tests.support.fleet_sight import FollowedFleet, grouped
from tests.support.identity import FakeClock
from tests.support.offers import an_offer, execution_id, offer_anew, offered, pending_actions
from tests.support.stream_claims import MemoryStreamClaims

TURNS = 20
ADDED, RULES = EventType.PEER_ADDED, EventType.POLICY_UPDATED
ONE, TWO = grouped([a_node(1, first_offset=4), a_node(2)], "g")


class KeptReplays:
    """Replays whatever rows it is given; refuses as often as it is told to."""

    def __init__(self) -> None:
        self.rows: Sequence[Row] = ()
        self.is_complete = True
        self.refusals = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def since(self, domain_id: DomainId, node: NodeId, offset: int, /) -> Replay:
        if self.refusals:
            self.refusals -= 1
            raise StoreOverloaded
        self.meanwhile()
        return Replay([row for row in self.rows if row.offset >= offset], self.is_complete)

    def asking(
        self, domain_id: DomainId, node: NodeId, executions: Collection[ExecutionId], /
    ) -> Sequence[Row]:
        return [row for row in self.rows if row.subject in executions]


class Scene:
    """Two nodes that see each other; the log stands at 9."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.store = FleetStore(clock)
        kit = memory_fleet(self.store)
        self.fleet = FollowedFleet(kit)
        self.fleet.views.at = 9
        self.replays = KeptReplays()
        self.offers = offered()
        self.reconciles = ReconcileBook(clock)
        self.claims = MemoryStreamClaims()
        self.hub = StreamHub(self.fleet.sight, self.reconciles, clock)
        self.book = ClaimBook(self.claims, self.hub, Alarm(), mint_id, lambda: None)
        self.open = OpenEventStream(
            kit.unit_of_work,
            self.fleet.views,
            kit.nodes,
            self.replays,
            ExpandRow(self.fleet.sight, pending_actions(clock, self.offers), StampSigner(), clock),
            self.hub,
            self.book,
            self.reconciles,
            LostPlaces(kit.unit_of_work, self.reconciles, MemoryAnnouncements(self.store), clock),
            Turns(),
        )

    async def begun(self) -> "Scene":
        await self.fleet.kit.make_domain(DOMAIN)
        await self.fleet.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
        await self.fleet.join(ONE, TWO)
        return self

    async def told(self, last_event_id: str, node: NodeId = ONE.id) -> list[str]:
        """Open a stream and return the ids of the frames that are there at once."""
        return await _ids(await self.open(DOMAIN, node, last_event_id))


def nowhere(_: bytes) -> bool:
    """A connection that is written to by its reader alone."""
    return False


async def _ids(stream: EventStream) -> list[str]:
    octets = bytearray()

    async def read() -> None:
        async for frame in stream.frames(nowhere):
            octets.extend(frame)

    reader = asyncio.create_task(read())
    for _ in range(TURNS):
        await asyncio.sleep(0)
    stream.leave()
    await reader
    stream.close()
    return [frame.id or "" for frame in FrameParser().feed(bytes(octets))]


def a_pair(offset: int) -> Row:
    return a_row(offset, (ADDED, 2), (RULES, 2), to=[1])


def about_execution(offset: int, number: int) -> Row:
    frames = (Frame(EventType.ACTION_REQUEST, execution_id(number)),)
    return replace(a_row(offset, to=[1]), subject=execution_id(number), frames=frames)


async def test_the_first_stream_begins_behind_the_registration() -> None:
    scene = await Scene().begun()
    scene.replays.rows = [a_pair(4), a_pair(5)]

    assert await scene.told("") == ["5.0", "5.1"]
    assert not scene.reconciles.take(ONE.id)


async def test_a_first_stream_that_could_not_be_opened_begins_there_still() -> None:
    scene = await Scene().begun()
    scene.replays.rows, scene.replays.refusals = [a_pair(5)], 1

    with pytest.raises(StoreOverloaded):
        await scene.open(DOMAIN, ONE.id, "")

    assert len(scene.hub) == 0
    assert await scene.told("") == ["5.0", "5.1"]


async def test_a_later_stream_without_a_place_begins_with_what_the_node_is_still_asked_to_run() -> None:
    scene = await Scene().begun()
    await scene.told("")
    scene.replays.rows = [about_execution(4, 1), a_pair(5), about_execution(6, 2), about_execution(7, 3)]
    offer_anew(scene.offers, [1], an_offer(1, 2), an_offer(1, 3))

    assert await scene.told("") == ["6.0", "7.0"]
    assert await scene.told("9.0") == []


async def test_a_later_stream_without_a_place_is_live_from_now_on_and_asks_for_a_reconciliation() -> None:
    scene = await Scene().begun()
    scene.replays.rows = [a_pair(5)]
    await scene.told("")

    assert await scene.told("") == []
    assert scene.reconciles.take(ONE.id)


async def test_a_row_told_in_part_is_told_to_its_end() -> None:
    scene = await Scene().begun()
    scene.replays.rows = [a_pair(5), a_pair(6)]

    assert await scene.told("5.0") == ["5.1", "6.0", "6.1"]


async def test_a_place_in_a_row_that_is_hidden_now_hides_nothing_of_the_next() -> None:
    scene = await Scene().begun()
    scene.replays.rows = [a_pair(6)]

    assert await scene.told("5.7") == ["6.0", "6.1"]


@pytest.mark.parametrize("place", ["10.0", "x", "-1.0", "1", "1.0.0", "7" * 65_536])
async def test_a_place_nobody_knows_is_live_from_now_on(place: str) -> None:
    """H34: and asks for a reconciliation."""
    scene = await Scene().begun()
    scene.replays.rows = [a_pair(5)]

    assert await scene.told(place) == []
    assert scene.reconciles.take(ONE.id)


async def test_what_is_lost_is_asked_for_and_what_is_left_is_told() -> None:
    """H35: a gap is never silent."""
    scene = await Scene().begun()
    scene.replays.rows, scene.replays.is_complete = [a_pair(8)], False

    assert await scene.told("5.0") == ["8.0", "8.1"]
    assert scene.reconciles.take(ONE.id)


async def test_who_is_only_asked_to_reconcile_is_told_nothing_of_the_row_by_replay_either() -> None:
    """D14: the row names what every follower reads again, and nobody is told of that."""
    scene = await Scene().begun()
    mass = a_row(6, *[(EventType.PEER_ENDPOINT_CHANGED, 2)] * 1_000, to=[], reconcile=[1, 2])
    scene.replays.rows = [mass, a_pair(7)]

    assert await scene.told("5.0") == ["7.0", "7.1"]
    scene.store.clock.advance(SPREAD_SECONDS)
    assert scene.reconciles.take(ONE.id)


async def test_what_comes_while_a_replay_is_told_follows_it() -> None:
    scene = await Scene().begun()
    scene.replays.rows = [a_pair(8)]
    stream = await scene.open(DOMAIN, ONE.id, "7.0")

    await scene.hub.tell(DOMAIN, [a_pair(9), a_pair(10)])

    assert await _ids(stream) == ["8.0", "8.1", "10.0", "10.1"]


async def test_a_stream_shows_life_at_once_and_says_goodbye_in_the_end() -> None:
    scene = await Scene().begun()
    stream = await scene.open(DOMAIN, ONE.id, "9.0")
    frames = stream.frames(nowhere)

    assert await anext(frames) == SHOW_OF_LIFE
    await scene.hub.shut()

    assert [octets async for octets in frames] == [FAREWELL]


async def test_no_frame_follows_the_end_of_a_stream_within_a_row() -> None:
    """C35: a row of many frames is no reason to go on."""
    scene = await Scene().begun()
    scene.replays.rows = [a_pair(8)]
    stream = await scene.open(DOMAIN, ONE.id, "7.0")
    frames = stream.frames(nowhere)
    assert [await anext(frames), (await anext(frames))[:7]] == [SHOW_OF_LIFE, b"id: 8.0"]

    scene.hub.end(DOMAIN, ONE.id)

    assert [octets async for octets in frames] == [FAREWELL]


async def test_a_domain_read_anew_during_the_replay_opens_no_stream_on_its_old_view() -> None:
    scene = await Scene().begun()
    scene.replays.meanwhile = lambda: setattr(scene.fleet.views, "loaded", lambda _: None)

    with pytest.raises(StoreOverloaded):
        await scene.open(DOMAIN, ONE.id, "7.0")

    assert len(scene.hub) == 0


async def test_a_node_that_left_opens_no_stream() -> None:
    scene = await Scene().begun()
    gone = replace(ONE, removed_at=scene.store.clock.now(), version=9)
    scene.fleet.mesh_views.apply(DOMAIN, [gone], 9)

    with pytest.raises(NodeNotFound):
        await scene.open(DOMAIN, ONE.id, "5.0")
    with pytest.raises(NodeNotFound):
        await scene.open(DOMAIN, node_id(404), "")
    assert len(scene.hub) == 0


@pytest.mark.parametrize("last_event_id", ["", "7.0"])
async def test_who_asked_before_a_revocation_is_let_in_by_it_no_more(last_event_id: str) -> None:
    """C35: a request that proved itself by what was revoked meanwhile opens no stream."""
    scene = await Scene().begun()
    scene.replays.meanwhile = lambda: scene.hub.end_domain(DOMAIN)

    with pytest.raises(StoreOverloaded):
        await scene.open(DOMAIN, ONE.id, last_event_id)

    assert len(scene.hub) == 0
    scene.replays.meanwhile = lambda: None
    await scene.open(DOMAIN, ONE.id, "7.0")


@pytest.mark.parametrize("last_event_id", ["x", "5.0"])
async def test_a_node_that_loses_its_place_too_often_keeps_the_stream_that_it_has(last_event_id: str) -> None:
    """D24: who is refused replaces nothing, here or elsewhere, and costs no more rows."""
    scene = await Scene().begun()
    scene.replays.is_complete = False
    for _ in range(MOST_NOTES):
        (await scene.open(DOMAIN, ONE.id, last_event_id)).close()
    scene.replays.is_complete = True
    good = await scene.open(DOMAIN, ONE.id, "9.0")
    await scene.book.turn()
    claimed, rows = await scene.claims.last(), len(scene.store.state.announced)
    scene.replays.is_complete = False

    with pytest.raises(PlaceLostTooOften):
        await scene.open(DOMAIN, ONE.id, last_event_id)

    await scene.book.turn()
    assert good.stream.ending is None
    assert (await scene.claims.last(), len(scene.store.state.announced)) == (claimed, rows)
