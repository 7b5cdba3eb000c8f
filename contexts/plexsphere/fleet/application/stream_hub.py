"""The streams this process serves (design D19, D24)."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

from plexsphere.fleet.application.node_stream import MOST_QUEUED_FRAMES, Ending, NodeStream
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.domain.errors import StreamsReplacedTooOften, TooManyStreams
from plexsphere.fleet.ports.sight import Sight
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.events import SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId

MOST_STREAMS: Final = 20_000
MOST_REPLACEMENTS: Final = 6
WITHIN_SECONDS: Final = 60.0
KEEPALIVE_SECONDS: Final = 20.0
# Frames that are expanded, signed and sent before anything else gets its turn, here or by woken readers; fewer where
# that takes longer than a turn, for what they say may be long.
AT_ONCE: Final = 16
TURN_SECONDS: Final = 0.001
COUNTED_AT_ONCE: Final = 2_000
# A revoked credential may open a stream for as long as a process trusts what it remembers, 2 s (design D9); the third
# is for whoever has just proven himself by it.
REVOKED_SECONDS: Final = 3.0
AGAIN_SECONDS: Final = 0.25
# Far beyond the time that lies between a row's writing and its commit, and between two clocks.
LATELY: Final = timedelta(minutes=5)
# A reader that its connection does not hold up takes AT_ONCE frames a turn: so many turns empty any queue twice.
TURNS_FOR_A_READER: Final = 2 * MOST_QUEUED_FRAMES // AT_ONCE


class Queued(NamedTuple):
    """What waits for readers, over all streams."""

    rows: int
    frames: int


class Era:
    """A time in which the streams of a Domain were not ended; who opens a stream asks whether it is over."""

    __slots__ = ("__weakref__", "is_over")

    def __init__(self) -> None:
        self.is_over = False


class StreamHub:
    """One stream for each node, the newest; wakes those that a row concerns, a few at a time."""

    def __init__(self, sight: Sight, reconciles: ReconcileBook, clock: Clock) -> None:
        self._sight: Final = sight
        self._reconciles: Final = reconciles
        self._clock: Final = clock
        self._streams: Final[dict[DomainId, dict[NodeId, NodeStream]]] = {}
        self._replaced: Final[dict[NodeId, deque[float]]] = {}
        # Each lives while somebody opens a stream in it.
        self._eras: Final[WeakValueDictionary[DomainId, Era]] = WeakValueDictionary()
        self._ending_again: Final[dict[DomainId, float]] = {}
        self._count = 0
        self._steps = 0
        self._since = 0.0
        self._closed = False
        self.ended: Final[dict[Ending, int]] = dict.fromkeys(Ending, 0)
        self.queued = Queued(0, 0)

    def __len__(self) -> int:
        return self._count

    def require_room(self, domain_id: DomainId, node_id: NodeId) -> None:
        """
        Refuse a stream before its headers are sent.

        Raises:
            TooManyStreams: the process is full, or about to stop.
            StreamsReplacedTooOften: the node's stream was replaced too often within a minute.
        """
        if self._closed or self._count >= MOST_STREAMS:
            raise TooManyStreams
        if self._is_flapping(node_id):
            raise StreamsReplacedTooOften(node_id)

    def era(self, domain_id: DomainId) -> Era:
        """Return the Domain's era; a stream is opened in the one in which it was asked for, or not at all."""
        return self._eras.setdefault(domain_id, Era())

    def open(self, stream: NodeStream) -> None:
        """
        Serve the stream, in place of the node's older one.

        Raises:
            TooManyStreams, StreamsReplacedTooOften: there was room when it was asked for, but not any more.
        """
        self.require_room(stream.domain_id, stream.node_id)
        streams = self._streams.setdefault(stream.domain_id, {})
        older = streams.get(stream.node_id)
        if older is None:
            self._count += 1
        elif older.ending is None:
            self._replace(older)
        streams[stream.node_id] = stream

    def close(self, stream: NodeStream) -> None:
        """Stop serving a stream that its reader left; one that did not end was cut, for it took nothing in time."""
        if not stream.is_closed:
            stream.is_closed = True
            self.ended[stream.ending or Ending.TOO_SLOW] += 1
        streams = self._streams.get(stream.domain_id, {})
        if streams.get(stream.node_id) is stream:
            del streams[stream.node_id]
            self._count -= 1
            if not streams:
                del self._streams[stream.domain_id]

    def hear(self, domain_id: DomainId, node_id: NodeId, stream_id: UUID) -> None:
        """
        Take in that a stream, of whichever process, claimed a node; claims are heard in their order.

        The node's stream here ends, unless it is the one, or has yet to claim the node.
        """
        stream = self._streams.get(domain_id, {}).get(node_id)
        if stream is None or stream.ending is not None:
            return
        if stream.has_claimed and stream.id != stream_id:
            self._replace(stream)

    def end(self, domain_id: DomainId, node_id: NodeId) -> None:
        """End the stream of a node whose identity ended, and ask nothing of it any more."""
        self._reconciles.forget(node_id)
        stream = self._streams.get(domain_id, {}).get(node_id)
        if stream is not None:
            stream.end(Ending.ENDED)

    def begin(self, domain_id: DomainId, newest: Iterable[Row]) -> None:
        """Take in the last rows of a Domain that this process meets: what they revoked may be trusted still."""
        since = self._clock.now() - LATELY
        if any(row.kind is SubjectKind.DOMAIN and row.recorded_at > since for row in newest):
            self._ending_again[domain_id] = self._clock.monotonic() + REVOKED_SECONDS

    def end_domain(self, domain_id: DomainId) -> None:
        """
        End every stream of a Domain, those that are being opened included.

        All are ended once more 3 s later, for until then one may have been opened with what is revoked now.
        """
        self._end_era(domain_id)
        self._ending_again[domain_id] = self._clock.monotonic() + REVOKED_SECONDS

    async def end_again(self) -> None:
        """End what was opened while a revoked credential was still trusted, until cancelled."""
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            self.end_opened_since()

    def end_opened_since(self) -> None:
        """End every stream of the Domains whose streams were ended 3 s ago."""
        now = self._clock.monotonic()
        for domain_id in [each for each, due in self._ending_again.items() if due <= now]:
            del self._ending_again[domain_id]
            self._end_era(domain_id)

    async def shut(self) -> None:
        """Take no more streams and end all, a few at a time."""
        self._closed = True
        streams = [stream for each in self._streams.values() for stream in each.values()]
        for place, stream in enumerate(streams):
            stream.end(Ending.SHUTDOWN)
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def tell(self, domain_id: DomainId, rows: Sequence[Row]) -> None:
        """
        Tell the local streams about rows that the views hold now.

        A row about the Domain itself says that credentials of its nodes were revoked: all its streams end, and who
        still has a good one comes back.
        """
        for row in rows:
            if row.kind is SubjectKind.DOMAIN:
                self.end_domain(domain_id)
            for node_id in row.reconcile:
                self._reconciles.ask_spread(node_id)
            await self._tell_row(domain_id, row)
            await self._step(1)

    async def keep_alive(self) -> None:
        """Wake every stream each 20 s until cancelled, so that its reader and all between see life."""
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS)
            self._forget_replacements()
            for streams in list(self._streams.values()):
                await _paced(list(streams.values()))

    async def count_queued(self) -> None:
        """Count what waits for readers, for `queued`; others get their turn every few streams."""
        rows = frames = 0
        streams = [stream for each in self._streams.values() for stream in each.values()]
        for place, stream in enumerate(streams, start=1):
            rows, frames = rows + stream.queued_rows, frames + stream.queued_frames
            if place % COUNTED_AT_ONCE == 0:
                await asyncio.sleep(0)
        self.queued = Queued(rows, frames)

    def _end_era(self, domain_id: DomainId) -> None:
        era = self._eras.pop(domain_id, None)
        if era is not None:
            era.is_over = True
        for stream in list(self._streams.get(domain_id, {}).values()):
            stream.end(Ending.ENDED)

    async def _tell_row(self, domain_id: DomainId, row: Row) -> None:
        streams = self._streams.get(domain_id)
        if not streams or not row.frames:
            return
        audience = self._audience(domain_id, row)
        smaller: Iterable[NodeId] = streams if len(streams) < len(audience) else audience
        for node_id in list(smaller):
            stream = streams.get(node_id)
            if stream is not None and node_id in audience:
                await _room(stream, row)
                stream.tell(row)
                await self._step(len(row.frames))

    async def _step(self, frames: int) -> None:
        self._steps += frames
        if self._steps >= AT_ONCE or self._clock.monotonic() - self._since >= TURN_SECONDS:
            await asyncio.sleep(0)
            self._steps, self._since = 0, self._clock.monotonic()

    def _audience(self, domain_id: DomainId, row: Row) -> frozenset[NodeId]:
        if row.recipients is not None:
            return row.recipients
        return self._sight.peers_of(domain_id, NodeId(row.subject))

    def _replace(self, older: NodeStream) -> None:
        # They are counted beyond the end of the stream: its successor may be in another process.
        times = self._replaced.setdefault(older.node_id, deque(maxlen=MOST_REPLACEMENTS))
        times.append(self._clock.monotonic())
        older.end(Ending.REPLACED)

    def _is_flapping(self, node_id: NodeId) -> bool:
        times = self._replaced.get(node_id, deque[float]())
        return len(times) == MOST_REPLACEMENTS and self._clock.monotonic() - times[0] < WITHIN_SECONDS

    def _forget_replacements(self) -> None:
        before = self._clock.monotonic() - WITHIN_SECONDS
        for node_id in [node_id for node_id, times in self._replaced.items() if times[-1] <= before]:
            del self._replaced[node_id]


async def _room(stream: NodeStream, row: Row) -> None:
    # Many rows at once are no fault of the reader: only one that its own connection holds up is too slow.
    for _ in range(TURNS_FOR_A_READER):
        if stream.is_held_up or stream.has_room_for(row):
            return
        await asyncio.sleep(0)


async def _paced(streams: Sequence[NodeStream]) -> None:
    for place, stream in enumerate(streams, start=1):
        stream.show_life()
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)
