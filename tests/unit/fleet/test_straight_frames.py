"""Frames reach a connection by its reader or straight, and nobody can tell which (design D24)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from plexd.protocol.events.framing import FrameParser
from plexsphere.fleet.application.expand_row import ExpandRow
from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.application.open_event_stream import SHOW_OF_LIFE, EventStream
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.application.turns import Turns
from plexsphere.fleet.domain.pair_key import PairKeys
from plexsphere.fleet.ports.meshes import MeshRecord
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.secret import Secret
from tests.support.event_rows import StampSigner, a_row, a_stream
from tests.support.fleet import DOMAIN, a_node
from tests.support.fleet_sight import GroupSight, grouped
from tests.support.identity import FakeClock
from tests.support.offers import pending_actions

TURNS: Final = 8
MESH: Final = MeshRecord(PairKeys(1, Secret(b"k" * 32)), 1)
ADDED, RULES, HIDDEN = (EventType.PEER_ADDED, 2), (EventType.POLICY_UPDATED, 2), (EventType.PEER_ADDED, 3)

rows = st.lists(st.sampled_from([ADDED, RULES, HIDDEN]), max_size=20)
steps = st.lists(st.one_of(rows, st.sampled_from(["held up", "free", "a turn", "life"])), max_size=20)


class Connection:
    """Takes octets unless it is held up; a reader that finds it held up waits."""

    def __init__(self) -> None:
        self.octets = bytearray()
        self.straight = 0
        self.free = asyncio.Event()
        self.free.set()

    def write(self, octets: bytes) -> bool:
        if self.free.is_set():
            self.octets += octets
        return self.free.is_set()

    async def read(self, stream: EventStream) -> None:
        async for octets in stream.frames(self._past_the_reader):
            while not self.write(octets):
                await self.free.wait()

    def _past_the_reader(self, octets: bytes) -> bool:
        self.straight += self.free.is_set()
        return self.write(octets)


class Scene:
    """Node 1 sees node 2, and not node 3; its stream is read."""

    def __init__(self) -> None:
        clock, sight = FakeClock(), GroupSight()
        self.connection = Connection()
        views = MeshViews(sight)
        list(views.begin(DOMAIN, MESH, [*grouped([a_node(1), a_node(2)], "g"), a_node(3)]))
        view = views.loaded(DOMAIN)
        assert view is not None
        self.hub = StreamHub(sight, ReconcileBook(clock), clock)
        self.stream = EventStream(
            a_stream(1),
            view,
            ExpandRow(sight, pending_actions(clock), StampSigner(), clock),
            self.hub,
            Turns(),
        )
        self.hub.open(self.stream.stream)
        self._offset = 0

    def row(self, *frames: tuple[EventType, int]) -> Row:
        self._offset += 1
        return a_row(self._offset, *frames, to=[1])

    async def tell(self, *frames: tuple[EventType, int]) -> None:
        await self.hub.tell(DOMAIN, [self.row(*frames)])

    async def step(self, step: str | Sequence[tuple[EventType, int]]) -> None:
        if step == "held up":
            self.connection.free.clear()
        elif step == "free":
            self.connection.free.set()
        elif step == "life":
            self.stream.stream.show_life()
        elif step == "a turn":
            await turns()
        elif not isinstance(step, str):
            await self.tell(*step)


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def _ids_of(work: Sequence[str | Sequence[tuple[EventType, int]]]) -> list[str]:
    scene = Scene()
    reader = asyncio.create_task(scene.connection.read(scene.stream))
    for step in work:
        await scene.step(step)
    scene.connection.free.set()
    await turns()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    return [frame.id or "" for frame in FrameParser().feed(bytes(scene.connection.octets))]


@given(work=steps)
def test_however_the_connection_is_held_up_every_frame_arrives_once_and_in_order(
    work: list[str | list[tuple[EventType, int]]],
) -> None:
    """C24: straight or by the reader, the numbering is that of the log."""
    told = [step for step in work if not isinstance(step, str)]
    expected = [
        f"{offset}.{k}"
        for offset, frames in enumerate(told, start=1)
        for k, frame in enumerate(frames)
        if frame is not HIDDEN
    ]

    assert asyncio.run(_ids_of(work)) == expected


async def test_a_reader_with_nothing_to_do_is_left_alone() -> None:
    scene = Scene()
    reader = asyncio.create_task(scene.connection.read(scene.stream))
    await turns()

    await scene.tell(RULES)
    scene.stream.stream.show_life()

    assert scene.connection.straight == 2
    assert scene.connection.octets.startswith(SHOW_OF_LIFE + b"id: 1.0\n")
    assert scene.connection.octets.endswith(SHOW_OF_LIFE)
    reader.cancel()


async def test_a_stream_that_cannot_be_told_ends_alone_and_its_neighbours_are_told() -> None:
    scene = Scene()
    broken = EventStream(a_stream(2), scene.stream.view, _Broken(), scene.hub, Turns())  # type: ignore[arg-type]
    scene.hub.open(broken.stream)
    readers = [
        asyncio.create_task(scene.connection.read(scene.stream)),
        asyncio.create_task(Connection().read(broken)),
    ]
    await turns()

    await scene.hub.tell(DOMAIN, [a_row(1, RULES, to=[1, 2]), a_row(2, RULES, to=[1, 2])])
    await turns()

    assert scene.connection.octets.count(b"event: policy_updated") == 2
    assert isinstance(readers[1].exception(), ArithmeticError)
    readers[0].cancel()


class _Broken:
    def __call__(self, *_: object) -> list[bytes]:
        raise ArithmeticError
