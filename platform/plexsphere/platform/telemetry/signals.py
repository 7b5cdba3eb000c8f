"""What a process tells of its work, as a port; and the silence of one that nobody asked."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Protocol


class Gauge(Enum):
    """What is read whenever metrics are sent."""

    LOG_LAG = "plexsphere.log.lag"
    STREAMS_OPEN = "plexsphere.streams.open"


class Telemetry(Protocol):
    """Traces and metrics; names and numbers only, never who called or with what."""

    def span(self, name: str, /) -> AbstractContextManager[object]:
        """Return a block whose time, and the type of the error that ends it, are told."""
        ...

    def request_answered(self, operation: str, status: int, seconds: float, /) -> None:
        """Count an answer, and the time to its head."""
        ...

    def batch_sequenced(self, rows: int, /) -> None:
        """Tell the size of a batch that got its offsets."""
        ...

    def watch(self, gauge: Gauge, read: Callable[[], float], /) -> None:
        """Have the gauge read with every sending of metrics."""
        ...

    def shut_down(self) -> None:
        """Send what was not sent, within 2 s."""
        ...


class SilentTelemetry:
    """Tells nobody anything, and costs next to nothing."""

    def span(self, name: str, /) -> AbstractContextManager[object]:
        return nullcontext()

    def request_answered(self, operation: str, status: int, seconds: float, /) -> None:
        return

    def batch_sequenced(self, rows: int, /) -> None:
        return

    def watch(self, gauge: Gauge, read: Callable[[], float], /) -> None:
        return

    def shut_down(self) -> None:
        return
