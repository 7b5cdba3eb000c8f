"""One agent of a storm: it behaves on the wire as plexd does, and notes everything that it was told."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from plexd.protocol.backoff import Backoff
from plexd.protocol.errors import BrokenStream
from plexd.protocol.events.framing import Frame, FrameParser
from plexd.protocol.events.position import Position
from plexd.protocol.events.verification import Rejected, Verifier
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.timing import SystemClock
from tests.storm.wire import Answer, Caller

HEARTBEAT: Final = b'{"node_id":"","timestamp":"0001-01-01T00:00:00Z","status":"healthy","uptime":"1h"}'
BUSY: Final = (429, 503)
DEAD: Final = (401, 404)
JITTER: Final = 0.05
PEER_EVENTS: Final = frozenset({"peer_added", "peer_key_rotated", "peer_endpoint_changed"})


class _Peer(msgspec.Struct, frozen=True):
    id: str = ""
    endpoint: str = ""
    psk_epoch: str = ""
    node_id: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    payload: _Peer
    event_type: str


class _Keys(msgspec.Struct, frozen=True):
    current: str


class _State(msgspec.Struct, frozen=True):
    peers: list[_Peer]
    signing_keys: _Keys


class _Beat(msgspec.Struct, frozen=True):
    reconcile: bool = False


ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
STATE: Final = msgspec.json.Decoder(_State)
BEAT: Final = msgspec.json.Decoder(_Beat)


@dataclass(slots=True)
class Ledger:
    """What a whole crowd did: when heartbeats began, how long they took, how they ended, and so on for the rest."""

    beats: list[tuple[float, float, int]] = field(default_factory=list)
    pulls: list[tuple[float, int]] = field(default_factory=list)
    opens: list[tuple[float, int]] = field(default_factory=list)
    verified: int = 0
    asked: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """One frame: its place in the stream, its type, and when it was there, whole."""

    offset: int
    k: int
    event_type: str
    at: float


class StormAgent:
    """
    Follows its stream, gives signs of life, pulls its state when asked and after every new stream.

    It comes back after 1, 2, 4 … seconds, a quarter more or less, or when a Retry-After says, with its last id. Every
    frame is checked for order and recipient; those of agents that verify for signature, age and nonce too.
    """

    def __init__(self, caller: Caller, node_id: str, token: str, ledger: Ledger, interval: float) -> None:
        self.node_id: Final = node_id
        self.is_streaming = False
        self.streams: Final = asyncio.Event()
        self.opened = 0
        self.told: Final[list[Told]] = []
        self.endpoints: Final[dict[str, str]] = {}
        self.epochs: Final[dict[str, str]] = {}
        self.learned_at = 0.0
        self.place: Position | None = None
        self._caller: Final = caller
        self._token: Final = token
        self._ledger: Final = ledger
        self._interval: Final = interval
        self._verifier: Verifier | None = None
        self._etag = ""
        self._parser = FrameParser()
        self._backoff = Backoff(random.random)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_pulling = False

    async def begin(self, verifies: bool) -> None:
        """Pull the state for the first time; the key that events are signed with is in it."""
        while not self._etag:
            answer = await self._pull()
            if not self._etag:
                await asyncio.sleep(self._backoff.delay_asked(answer.retry_after))
            elif verifies:
                keys = SigningKeys.registered(STATE.decode(answer.body).signing_keys.current)
                self._verifier = Verifier(self.node_id, keys, SystemClock())
        self._backoff.restart()

    def run(self) -> None:
        """Begin all duties."""
        self._spawn(self._follow())
        self._spawn(self._beat_on())

    def vanish(self) -> None:
        """Fall silent without a word, as a machine does that lost its power or its network."""
        for task in list(self._tasks):
            task.cancel()
        self.is_streaming = False
        self._is_pulling = False

    def stand(self, offset: int) -> None:
        """Take this row of the log for the last one known, as an agent that was away since then."""
        self.place = Position(offset, 999_999)

    async def _follow(self) -> None:
        while True:
            place = str(self.place) if self.place else ""
            self._parser = FrameParser()
            path = f"/v1/nodes/{self.node_id}/events"
            answer = await self._caller.stream(path, self._token, place, self._opens, self._take)
            self.is_streaming = False
            if answer.status != 200:
                self._ledger.opens.append((time.monotonic(), answer.status))
            if answer.status in DEAD:
                self._ledger.faults.append(f"{self.node_id}: its stream was refused with {answer.status}")
                return
            await asyncio.sleep(self._backoff.delay_asked(_asked(answer)))

    def _opens(self) -> None:
        self.opened += 1
        self.is_streaming = True
        self.streams.set()
        self._ledger.opens.append((time.monotonic(), 200))
        if self.opened > 1:
            self._reconcile()

    def _take(self, octets: bytes) -> None:
        try:
            for frame in self._parser.feed(octets):
                self._judge(frame)
        except BrokenStream as error:
            self._ledger.faults.append(f"{self.node_id}: {error}")

    def _judge(self, frame: Frame) -> None:
        self._backoff.restart()
        now, place = time.monotonic(), Position.parse(frame.id or "")
        if place is None or (self.place is not None and place <= self.place):
            self._ledger.faults.append(f"{self.node_id}: {frame.id} after {self.place}")
            return
        self.place = place
        self._verify(frame)
        envelope = ENVELOPE.decode(frame.data.replace(b"\n", b""))
        if envelope.payload.node_id != self.node_id:
            self._ledger.faults.append(f"{self.node_id}: {frame.id} is meant for another")
        self.told.append(Told(place.offset, place.k, envelope.event_type, now))
        self._learn(envelope)

    def _verify(self, frame: Frame) -> None:
        if self._verifier is None:
            return
        try:
            self._verifier.verify(frame.data)
            self._ledger.verified += 1
        except Rejected as rejected:
            self._ledger.faults.append(f"{self.node_id}: {frame.id} is {rejected.reason.value}")

    def _learn(self, envelope: _Envelope) -> None:
        peer = envelope.payload
        self.learned_at = time.monotonic()
        if envelope.event_type in PEER_EVENTS:
            self.endpoints[peer.id] = peer.endpoint
            self.epochs[peer.id] = peer.psk_epoch
        elif envelope.event_type == "peer_removed":
            self.endpoints.pop(peer.id, None)
            self.epochs.pop(peer.id, None)

    async def _beat_on(self) -> None:
        due = time.monotonic() + random.random() * self._interval
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += self._interval * random.uniform(1 - JITTER, 1 + JITTER)
            await self._beat()

    async def _beat(self) -> None:
        began = time.monotonic()
        answer = await self._caller.call(
            "POST", f"/v1/nodes/{self.node_id}/heartbeat", self._token, HEARTBEAT
        )
        self._ledger.beats.append((began, time.monotonic() - began, answer.status))
        if answer.status == 200 and BEAT.decode(answer.body).reconcile:
            self._ledger.asked += 1
            self._reconcile()

    def _reconcile(self) -> None:
        if not self._is_pulling:
            self._is_pulling = True
            self._spawn(self._pull_until_told())

    async def _pull_until_told(self) -> None:
        backoff = Backoff(random.random)
        try:
            while True:
                answer = await self._pull()
                if answer.status in (304, *DEAD) or (answer.status == 200 and not self._knows_newer(answer)):
                    return
                await asyncio.sleep(backoff.delay_asked(_asked(answer)))
        finally:
            self._is_pulling = False

    async def _pull(self) -> Answer:
        headers = {"If-None-Match": self._etag} if self._etag else {}
        answer = await self._caller.call(
            "GET", f"/v1/nodes/{self.node_id}/state", self._token, headers=headers
        )
        self._ledger.pulls.append((time.monotonic(), answer.status))
        if answer.status == 200 and not self._knows_newer(answer):
            self._etag = answer.headers["etag"]
            self._take_over(STATE.decode(answer.body))
        return answer

    def _knows_newer(self, answer: Answer) -> bool:
        # What happened while the state was under way came by the stream, and is not in it.
        return self.place is not None and int(answer.headers["plexsphere-state-version"]) < self.place.offset

    def _take_over(self, state: _State) -> None:
        self.learned_at = time.monotonic()
        self.endpoints.clear()
        self.epochs.clear()
        for peer in state.peers:
            self.endpoints[peer.id] = peer.endpoint
            self.epochs[peer.id] = peer.psk_epoch

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def statuses(entries: list[tuple[float, int]], since: float) -> dict[str, int]:
    """Count how calls ended from a moment on, by status; 0 is none at all."""
    return {
        str(status): count for status, count in sorted(Counter(s for at, s in entries if at >= since).items())
    }


def _asked(answer: Answer) -> float | None:
    return answer.retry_after if answer.status in BUSY else None
