"""Time as a port (design D2)."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Server time: the only time that decides anything."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never step back."""
        ...
