"""The machine's clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Server time, in UTC."""

    def now(self) -> datetime:
        """Return the current instant."""
        return datetime.now(UTC)

    # Asked several times in every call of a node: nothing stands between.
    monotonic = staticmethod(time.monotonic)
