"""The reader of a node's event stream: it reconnects for as long as the node is one."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Final

from plexd.protocol.backoff import LONGEST, Backoff
from plexd.protocol.errors import ControlPlaneError, Overloaded, Unauthorized
from plexd.protocol.events.framing import Frame, FrameParser
from plexd.protocol.events.happenings import Delivered, Discarded, Happening, Interrupted, Opened, PollDue
from plexd.protocol.events.outage import Outage
from plexd.protocol.events.verification import Rejected, Verifier
from plexd.protocol.timing import Timing

POLL_INTERVAL: Final = 60.0

OpensEvents = Callable[[str | None], AbstractAsyncContextManager[AsyncIterator[bytes]]]


class EventReader:
    """
    Follows one node's events across every interruption.

    `last_event_id` is the id of the last whole frame, believed or not, and is what a reconnect asks to continue
    after.
    """

    def __init__(
        self,
        open_events: OpensEvents,
        verifier: Verifier,
        timing: Timing,
        *,
        poll_interval: float = POLL_INTERVAL,
        last_event_id: str | None = None,
    ) -> None:
        self.last_event_id = last_event_id
        self._open_events = open_events
        self._verifier = verifier
        self._timing = timing
        self._backoff = Backoff(timing.chance)
        self._outage = Outage(timing, poll_interval)
        self._was_open = False

    async def happenings(self) -> AsyncGenerator[Happening, None]:
        """
        Yield what happens, for ever.

        Raises:
            Unauthorized: the node's credential is dead; nothing else ends the reading.
        """
        while True:
            cause: Exception | None = None
            try:
                async with aclosing(self._one_stream()) as stream:
                    async for happening in stream:
                        yield happening
            except Unauthorized:
                raise
            except ControlPlaneError as error:
                cause = error
            delay = self._delay(cause)
            yield Interrupted(cause, delay)
            async for _ in self._outage.wait(delay):
                yield PollDue()

    async def _one_stream(self) -> AsyncGenerator[Happening, None]:
        parser = FrameParser()
        async with self._open_events(self.last_event_id) as chunks:
            opened_at = self._note_opening()
            yield Opened(reconnected=self._was_open)
            self._was_open = True
            async for octets in chunks:
                self._restart_backoff_if_old(opened_at)
                for frame in parser.feed(octets):
                    yield self._judge(frame)

    def _judge(self, frame: Frame) -> Happening:
        self._backoff.restart()
        self.last_event_id = frame.id or self.last_event_id
        try:
            return Delivered(self._verifier.verify(frame.data), frame.id)
        except Rejected as rejected:
            return Discarded(rejected.reason, rejected.event_id, frame.id)

    def _note_opening(self) -> float:
        self._outage.end()
        return self._timing.clock.monotonic()

    def _restart_backoff_if_old(self, opened_at: float) -> None:
        # Opening alone proves nothing: one that opens and ends at once would be asked for again each second.
        if self._timing.clock.monotonic() - opened_at > LONGEST:
            self._backoff.restart()

    def _delay(self, cause: Exception | None) -> float:
        self._outage.begin()
        return self._backoff.delay_asked(cause.retry_after if isinstance(cause, Overloaded) else None)
