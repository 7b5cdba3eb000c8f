"""The machine's clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Server time, in UTC."""

    def now(self) -> datetime:
        """Return the current instant."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return time.monotonic()
