"""A node that only reads its events: every frame is judged as an agent judges it, and remembered."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import ControlPlaneError, Unauthorized
from plexd.protocol.events.framing import Frame, FrameParser
from plexd.protocol.events.payloads import Payload
from plexd.protocol.events.position import Position
from plexd.protocol.events.verification import Event, Rejected, Verifier
from plexd.protocol.keys.key_pair import KeyPair
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.masked import Masked
from plexd.protocol.messages.registration import RegisterRequest, Registration
from plexd.protocol.timing import Clock, SystemClock

AGAIN_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Enrolled:
    """What a machine was told when it became a node."""

    hostname: str
    registration: Registration

    @property
    def node_id(self) -> str:
        return self.registration.node_id

    def channel(self, transport: Transport) -> NodeChannel:
        """Return the node's calls to whatever answers at the other end of the transport."""
        return NodeChannel(transport, self.registration.identity())

    def verifier(self, clock: Clock | None = None) -> Verifier:
        """Return what the node believes; its memory of nonces is empty, as after a restart."""
        keys = SigningKeys.registered(self.registration.signing_public_key)
        return Verifier(self.node_id, keys, clock or SystemClock())


async def enrol(transport: Transport, token: str, hostname: str) -> Enrolled:
    """Become a node, and nothing more."""
    request = RegisterRequest(Masked(token), KeyPair.generate().public_key, hostname)
    return Enrolled(hostname, await ControlPlane(transport).register(request))


class EventReader:
    """
    Follows one node's events from server to server, as told by `channels`.

    `told` maps each place to its event, in the order of arrival; `octets` are all bytes received, when they are to be
    kept; `faults` names whatever no agent should ever be sent. With `behind` the first stream goes on behind that row
    of the log, however often it has to be opened.
    """

    def __init__(
        self,
        node: Enrolled,
        clock: Clock | None = None,
        *,
        keep_octets: bool = False,
        behind: int | None = None,
    ) -> None:
        self.node: Final = node
        self.told: Final[dict[Position, Event]] = {}
        self.faults: Final[list[str]] = []
        self.octets: Final = bytearray()
        self.last_event_id = None if behind is None else f"{behind}.999999"
        self.failure: ControlPlaneError | None = None
        self.opened = 0
        self.is_streaming = False
        self._verifier = node.verifier(clock)
        self._keeps_octets = keep_octets
        self._changed = asyncio.Event()

    @property
    def payloads(self) -> list[Payload]:
        """What was said, in order."""
        return [event.payload for event in self.told.values()]

    @property
    def types(self) -> list[str]:
        """The types of what was said, in order."""
        return [event.event_type for event in self.told.values()]

    def forget(self) -> None:
        """Keep nothing of what was told but its last place, which the next one must lie behind."""
        for place in list(self.told)[:-1]:
            del self.told[place]

    async def read(self, channel: NodeChannel, chunks: int | None = None) -> None:
        """
        Read one stream to its end, or leave it after so many chunks, in the middle of a frame as it may be.

        Raises:
            ControlPlaneError: it was refused, or broke.
        """
        parser = FrameParser()
        async with channel.events(self.last_event_id, idle_seconds=60) as stream:
            self.opened += 1
            self.is_streaming = True
            self._changed.set()
            try:
                async for octets in stream:
                    self._take(parser, octets)
                    chunks = None if chunks is None else chunks - 1
                    if chunks == 0:
                        return
            finally:
                self.is_streaming = False
                self._changed.set()

    async def follow(self, channels: Iterator[tuple[NodeChannel, int | None]]) -> None:
        """Read stream after stream until the credential is dead; refusals and broken streams are tried again."""
        for channel, chunks in channels:
            try:
                await self.read(channel, chunks)
            except Unauthorized as error:
                self.failure = error
                self._changed.set()
                return
            except ControlPlaneError as error:
                self.failure = error
                self._changed.set()
                await asyncio.sleep(AGAIN_SECONDS)

    async def until(self, seconds: float, *event_types: str) -> None:
        """
        Wait until each of these types was told at least once.

        Raises:
            TimeoutError: it was not.
        """
        await self.until_true(seconds, lambda: set(event_types) <= set(self.types))

    async def until_true(self, seconds: float, claim: Callable[[], bool]) -> None:
        """
        Wait until the claim holds; it is looked at whenever something arrived.

        Raises:
            TimeoutError: it did not hold in time.
        """
        async with asyncio.timeout(seconds):
            while not claim():
                self._changed.clear()
                await self._changed.wait()

    def _take(self, parser: FrameParser, octets: bytes) -> None:
        if self._keeps_octets:
            self.octets.extend(octets)
        for frame in parser.feed(octets):
            self._judge(frame)
        self._changed.set()

    def _judge(self, frame: Frame) -> None:
        place = Position.parse(frame.id or "")
        try:
            event = self._verifier.verify(frame.data)
        except Rejected as rejected:
            self.faults.append(f"{frame.id} {rejected.reason.value}")
            return
        if place is None or (self.told and place <= next(reversed(self.told))):
            self.faults.append(f"{frame.id} out of order")
            return
        self.told[place] = event
        self.last_event_id = frame.id


@asynccontextmanager
async def reading(
    reader: EventReader, channel: NodeChannel, *, again: bool = False
) -> AsyncIterator[EventReader]:
    """Read for as long as the block lasts, from the moment the stream is open; `again` where it ends before."""
    stay = (channel, None)
    task = asyncio.create_task(reader.follow(repeat(stay) if again else iter([stay])))
    try:
        await reader.until_true(10, lambda: reader.is_streaming or reader.failure is not None)
        yield reader
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
