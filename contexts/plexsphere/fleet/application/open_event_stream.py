"""Use case: open a node's event stream where the node left off (plexd.md, SSE Event Stream; design D23, D24)."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from plexsphere.fleet.application.claim_book import ClaimBook
from plexsphere.fleet.application.expand_row import ExpandRow
from plexsphere.fleet.application.lost_places import LostPlaces
from plexsphere.fleet.application.node_stream import Ending, NodeStream
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.application.turns import Turns
from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.views import Replay, Replays, Views
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, UnitOfWork

CURSOR: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,6})", re.ASCII)
SHOW_OF_LIFE: Final = b": \n\n"
FAREWELL: Final = b": closing\n\n"
EVERYTHING: Final = -1
NOTHING: Final = 1_000_000
AT_ONCE: Final = 16
BUNDLE_BYTES: Final = 64 * 1024
NEWCOMERS_AT_ONCE: Final = 4

# Writes octets to the reader's connection; False, and nothing written, where it takes nothing at this moment.
Write = Callable[[bytes], bool]
# Is told of each frame that was written at this moment, by its row.
FrameWritten = Callable[[Row], None]
# Frames with their rows; those of the past have none.
Bundle = Sequence[tuple[bytes, Row | None]]


def unmeasured(_: Row) -> None:
    """Measure nothing."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last frame a node has: place `k` of the row at `offset`; NOTHING is behind every place of it."""

    offset: int
    k: int


@dataclass(frozen=True, slots=True)
class EventStream:
    """An open stream, to be read by one reader and closed by it."""

    stream: NodeStream
    view: MeshView
    expand: ExpandRow
    hub: StreamHub
    turns: Turns
    written: FrameWritten = unmeasured

    async def frames(self, write: Write) -> AsyncGenerator[bytes, None]:
        """
        Yield what is to be sent, until the stream ends; other work gets its turn every few frames.

        Once all that was yielded is sent and nothing waits, what comes is given to `write` where it takes it.
        """
        self.stream.straight = partial(self._written, write)
        yield SHOW_OF_LIFE
        if not self.stream.is_idle:
            await self.turns.next()
        while self.stream.ending is None:
            for bundle in self._bundles():
                self.stream.is_held_up = True
                yield b"".join(frame for frame, _ in bundle)
                self.stream.is_held_up = False
                self._measure(bundle)
                if _is_full(bundle):
                    await self.turns.next()
            await self.stream.woken()
            if self.stream.is_idle:
                yield SHOW_OF_LIFE
        if self.stream.ending is not Ending.TOO_SLOW:
            yield FAREWELL

    def leave(self) -> None:
        """Let `frames` end: the reader is gone."""
        self.stream.end(Ending.ENDED)

    def close(self) -> None:
        """Stop serving the stream."""
        self.hub.close(self.stream)

    def _written(self, write: Write, row: Row | None) -> bool:
        try:
            if row is None:
                return write(SHOW_OF_LIFE)
            bundle = [(frame, row) for frame in self._expanded(row)]
            is_written = not bundle or write(b"".join(frame for frame, _ in bundle))
            if is_written:
                self._measure(bundle)
            return is_written
        except Exception:
            # Whoever tells a row tells it to many: what is wrong with one stream is left to its own reader.
            return False

    def _measure(self, bundle: Bundle) -> None:
        for _, row in bundle:
            if row is not None:
                self.written(row)

    def _bundles(self) -> Iterator[Bundle]:
        # What is sent together costs one call of the system instead of one for each frame.
        bundle: list[tuple[bytes, Row | None]] = []
        for frame in self._waiting():
            bundle.append(frame)
            if _is_full(bundle):
                yield bundle
                bundle = []
        if bundle:
            yield bundle

    def _waiting(self) -> Iterator[tuple[bytes, Row | None]]:
        # A row of the past is late by its nature, and says nothing about how fast events are.
        while True:
            is_past, row = self.stream.is_replaying, self.stream.next_row()
            if row is None:
                return
            for frame in self._expanded(row):
                if self.stream.ending is not None:
                    return
                yield frame, None if is_past else row

    def _expanded(self, row: Row) -> Iterator[bytes]:
        behind, self.stream.behind = self.stream.behind, EVERYTHING
        return self.expand(self.view, row, self.stream.node_id, behind)


def _is_full(bundle: Bundle) -> bool:
    return len(bundle) >= AT_ONCE or sum(len(frame) for frame, _ in bundle) >= BUNDLE_BYTES


@dataclass(frozen=True, slots=True)
class OpenEventStream:
    """
    Replay what the node missed, then go live without a gap between the two.

    A node that does not say where it left off is told once more what it is still asked to run.
    """

    unit_of_work: UnitOfWork
    views: Views
    nodes: Nodes
    replays: Replays
    expand: ExpandRow
    hub: StreamHub
    claims: ClaimBook
    reconciles: ReconcileBook
    lost_places: LostPlaces
    turns: Turns
    written: FrameWritten = unmeasured
    newcomers: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(NEWCOMERS_AT_ONCE), init=False
    )

    async def __call__(self, domain_id: DomainId, node_id: NodeId, last_event_id: str) -> EventStream:
        """
        Return the open stream.

        Raises:
            NodeNotFound: the node left.
            TooManyStreams, StreamsReplacedTooOften, PlaceLostTooOften: before anything is sent.
            StoreOverloaded: the Domain is being read anew at this moment, or credentials of it were just revoked.
        """
        era = self.hub.era(domain_id)
        await self.turns.next()
        view = self.views.loaded(domain_id) or await self.views.of(domain_id)
        self.hub.require_room(domain_id, node_id)
        if view.node(node_id) is None:
            await self.views.catch_up(domain_id, self.views.position(domain_id) + 1)
            view = self.views.loaded(domain_id) or await self.views.of(domain_id)
        node = view.node(node_id)
        with ExitStack() as undo:
            if last_event_id or node is None or node.first_offset is None:
                cursor = await self._known(domain_id, last_event_id)
                opened = await self._open(domain_id, node_id, cursor, undo)
            else:
                opened = await self._open_first(domain_id, node_id, undo)
            if era.is_over:
                # Who asked may have proven himself by what was revoked meanwhile; who did not comes back.
                raise StoreOverloaded
            undo.pop_all()
        return opened

    async def _open_first(self, domain_id: DomainId, node_id: NodeId, undo: ExitStack) -> EventStream:
        # Where the first stream begins is taken once the stream is open, or not at all; a crowd of newcomers takes
        # turns, for each holds a connection meanwhile.
        async with self.newcomers, self.unit_of_work():
            offset = await self.nodes.take_first_offset(domain_id, node_id)
            cursor = None if offset is None else Cursor(offset, NOTHING)
            return await self._open(domain_id, node_id, cursor, undo)

    async def _open(
        self, domain_id: DomainId, node_id: NodeId, cursor: Cursor | None, undo: ExitStack
    ) -> EventStream:
        if cursor is None:
            self.lost_places.allow(node_id)
            await self.lost_places.note(domain_id, node_id)
        replay = await self._missed(domain_id, node_id, cursor)
        # From here to the open stream nothing is awaited: no row falls between the replay and what comes live.
        view = self.views.loaded(domain_id)
        if view is None:
            # The Domain is being read anew; a view from before would never move again.
            raise StoreOverloaded
        if view.node(node_id) is None:
            raise NodeNotFound(node_id)
        rows = list(replay.rows)
        behind = cursor.k if cursor and rows and rows[0].offset == cursor.offset else EVERYTHING
        stream = NodeStream(domain_id, node_id, rows, self.views.position(domain_id), behind)
        if not replay.is_complete:
            self.lost_places.allow(node_id)
        self.hub.open(stream)
        undo.callback(self.hub.close, stream)
        self.claims.note(stream)
        if not replay.is_complete:
            await self.lost_places.note(domain_id, node_id)
        return EventStream(stream, view, self.expand, self.hub, self.turns, self.written)

    async def _known(self, domain_id: DomainId, last_event_id: str) -> Cursor | None:
        match = CURSOR.fullmatch(last_event_id)
        if match is None:
            return None
        cursor = Cursor(int(match[1]), int(match[2]))
        if cursor.offset > self.views.position(domain_id):
            await self.views.catch_up(domain_id, cursor.offset)
        return cursor if cursor.offset <= self.views.position(domain_id) else None

    async def _missed(self, domain_id: DomainId, node_id: NodeId, cursor: Cursor | None) -> Replay:
        if cursor is None:
            offered = self.expand.pending.executions(domain_id, node_id)
            return Replay(self.replays.asking(domain_id, node_id, offered), is_complete=True)
        replay = await self.replays.since(domain_id, node_id, cursor.offset)
        for row in replay.rows:
            if node_id in row.reconcile:
                self.reconciles.ask_spread(node_id)
        # Who is only asked to pull its state is told nothing of the row, now as when it was live (design D14).
        told = [row for row in replay.rows if row.recipients is None or node_id in row.recipients]
        return Replay(told, replay.is_complete)
