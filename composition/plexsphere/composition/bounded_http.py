"""uvicorn's HTTP protocol, with bounds on what a client may send and on how long it may take."""

from enum import Enum
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from plexsphere.api.patience import PATIENT
from plexsphere.api.straight import ANSWER, EXTENSION, WRITE, Headers
from plexsphere.composition.connections import Connections

# A Last-Event-ID of 64 KiB is an unknown place and no fault (H34); the rest of a head needs little.
MOST_HEAD_OCTETS: Final = 68 * 1024
# A colon and the end of the line.
HEADER_OCTETS: Final = 3
# Requests that were sent before the answer to the one in hand.
MOST_WAITING: Final = 16
TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)
TIMED_OUT: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Stage(Enum):
    """What a connection waits for."""

    SILENCE = "a request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    ANSWER = "us"
    ENDING = "the client to take what is left"


LATE_SECONDS: Final = 2.0
# A lost packet is sent again after some seconds: only then slowness is the client's own.
SLOW_AFTER_SECONDS: Final = 10.0
SLOWEST_OCTETS_A_SECOND: Final = 1024
# An answer that the client is still taking from us is no silence yet.
TAKING_SECONDS: Final = 60.0
BODY_SECONDS: Final = 30.0
# Seconds that a client may leave us waiting (H11). Whoever looks once a second sees a stage up to a second late, and
# its end up to another second late.
PATIENCE: Final = {
    Stage.SILENCE: 30.0,
    Stage.HEAD: 15.0,
    Stage.BODY: BODY_SECONDS,
    Stage.ENDING: TAKING_SECONDS,
}


class Overrun(Exception):
    """A client sent more than it may; raised to the parser, it stops reading."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """
    Answers 431 and closes when a request line with its headers, trailers included, goes beyond 68 KiB.

    The parser keeps a head until it is complete, and anybody may send one without a credential. A client that sends
    more than 16 requests ahead of its answers is cut off: one read may hold thousands. How long a client takes is
    judged from outside, once a second: `cut_if_overdue`. No timer is set and no clock is read for a request.
    """

    __slots__ = (
        "_body_seconds",
        "_connections",
        "_cycle_seen",
        "_is_cut",
        "_octets",
        "_reads_head",
        "_seen_at",
        "_source",
        "_stage",
        "_told",
        "_untold",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        connections: Connections,
        source: str,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._connections = connections
        self._source = source
        self._reads_head = False
        self._octets = 0
        self._told = 0
        self._untold = 0
        self._is_cut = False
        self._stage = Stage.ANSWER
        self._cycle_seen: object = None
        self._seen_at = 0.0
        self._body_seconds = BODY_SECONDS

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {
            EXTENSION: {WRITE: self.write_straight, ANSWER: self.answer_straight, PATIENT: self.be_patient}
        }
        self._body_seconds = BODY_SECONDS
        self._reads_head, self._octets, self._told, self._untold = True, 0, 0, 0

    def be_patient(self, seconds: float) -> None:
        """Wait so long for the body of the request in hand, for as long as it comes at the least pace."""
        self._body_seconds = seconds

    def write_straight(self, octets: bytes) -> bool:
        """Write one chunk of the answer in hand, unless the connection is held up or closing; tell whether it was."""
        if self.flow.write_paused or self.transport.is_closing():
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(octets), octets))
        return True

    def answer_straight(self, status: int, headers: Headers, body: bytes) -> bool:
        """
        Write the whole answer to the request in hand; tell whether it was.

        It is not where requests wait behind this one, where the connection ends with it, or where it is held up.
        """
        cycle = self.cycle
        if self.pipeline or cycle.response_started or not cycle.keep_alive:
            return False
        if self.flow.write_paused or self.transport.is_closing():
            return False
        head = b"".join([b"%b: %b\r\n" % pair for pair in (*cycle.default_headers, *headers)])
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, body))
        cycle.on_response()
        return True

    def on_header(self, name: bytes, value: bytes) -> None:
        self._tell(len(name) + len(value) + HEADER_OCTETS)
        # What follows a body in chunks is counted and forgotten: nobody here asks for it.
        if self._reads_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._tell(len(self.url))
        self._reads_head = False
        super().on_headers_complete()
        if len(self.pipeline) > MOST_WAITING:
            self.transport.abort()
            raise Overrun

    def on_body(self, body: bytes) -> None:
        self._untold = 0
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        self._untold += len(data)
        super().data_received(data)
        if self._reads_head or (self.cycle is not None and self.cycle.more_body):
            self._octets += len(data)
        # The parser tells nothing of a header before its end, and keeps it.
        if self._untold > MOST_HEAD_OCTETS or (self._reads_head and self._octets > MOST_HEAD_OCTETS):
            self._end(TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _tell(self, octets: int) -> None:
        self._told += octets
        if self._told > MOST_HEAD_OCTETS:
            self._end(TOO_LARGE)
            raise Overrun

    def _end(self, answer: bytes) -> None:
        if self._owes_an_answer and not self.transport.is_closing():
            self.transport.write(answer)
        self.transport.close()

    @property
    def _owes_an_answer(self) -> bool:
        """Tell whether what is written now answers what is being read, and is no part of another answer."""
        is_idle = self.cycle is None or self.cycle.response_complete
        if self._reads_head:
            return is_idle
        return not (is_idle or self.pipeline or self.cycle.response_started)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            # Nothing more is read before all that was sent ahead is answered.
            self._start_asgi_task(*self.pipeline.pop())
            return
        # No timer ends what is kept alive: silence is noticed from outside.
        self.flow.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.leave()

    def leave(self) -> None:
        """Give back the connection's place, once."""
        if self._source:
            self._connections.leave(self._source)
            self._source = ""

    def cut_if_overdue(self, now: float) -> Stage | None:
        """
        End the connection whose client kept us waiting too long, and return in what stage; to be called once a second.

        A client that is asked to end the connection and does not has it ended a second later.
        """
        if self._is_cut:
            self.transport.abort()
            return None
        stage = self.stage
        if stage is not self._stage or self.cycle is not self._cycle_seen:
            self._stage, self._cycle_seen, self._seen_at = stage, self.cycle, now
            return None
        if stage is Stage.ANSWER or not self._is_overdue(stage, now - self._seen_at + LATE_SECONDS):
            return None
        self._cut(stage)
        return stage

    @property
    def stage(self) -> Stage:
        """Return what the connection waits for at this moment."""
        # A transport that is closed keeps what was not sent, whatever the answer's state.
        if self.transport.is_closing():
            return Stage.ENDING
        if self._reads_head:
            return Stage.HEAD
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return Stage.SILENCE
        # A body that we do not take, or did not ask for yet, is not late.
        if cycle.more_body and not self.flow.read_paused and not cycle.waiting_for_100_continue:
            return Stage.BODY
        return Stage.ANSWER

    def _is_overdue(self, stage: Stage, seconds: float) -> bool:
        if stage is Stage.SILENCE and self.transport.get_write_buffer_size():
            return seconds >= TAKING_SECONDS
        if stage is Stage.BODY and seconds >= SLOW_AFTER_SECONDS:
            return seconds >= self._body_seconds or self._octets < SLOWEST_OCTETS_A_SECOND * seconds
        return seconds >= PATIENCE[stage]

    def _cut(self, stage: Stage) -> None:
        self._is_cut = True
        self._end(TIMED_OUT)
