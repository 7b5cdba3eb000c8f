"""What a node learns while it follows its event stream."""

from dataclasses import dataclass
from typing import TypeAlias

from plexd.protocol.events.verification import Event, Rejection


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is open; after a reconnect the state is to be reconciled at once."""

    reconnected: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event to act on, under the id of its frame."""

    event: Event
    frame_id: str | None


@dataclass(frozen=True, slots=True)
class Discarded:
    """An event not to act on; a security warning."""

    reason: Rejection
    event_id: str
    frame_id: str | None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The stream is gone, `cause` says why (None: it ended cleanly); the next attempt follows in `delay` seconds."""

    cause: Exception | None
    delay: float


@dataclass(frozen=True, slots=True)
class PollDue:
    """The stream has been gone for so long that the state is to be polled."""


Happening: TypeAlias = Opened | Delivered | Discarded | Interrupted | PollDue
