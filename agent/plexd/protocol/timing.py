"""Time and chance as ports; tests choose their own."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The node's own time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never step back."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never step back."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Timing:
    """A clock, a sleep in seconds that fits it, and a source of numbers in [0, 1) for jitter."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]

    @classmethod
    def system(cls) -> "Timing":
        """Return the timing of the machine."""
        return cls(SystemClock(), asyncio.sleep, random.random)
