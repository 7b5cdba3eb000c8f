"""How long a target is waited for, worked out over its own time within the statement that starts the wait."""

from datetime import timedelta
from typing import Final

from plexsphere.policy.domain.actions.deadlines import (
    LONGEST_GRACE,
    LONGEST_PICKUP,
    PICKUP_TIMES,
    SHORTEST_GRACE,
    SHORTEST_PICKUP,
)


def _within(times: int, shortest: timedelta, longest: timedelta) -> str:
    wanted = f"make_interval(secs => {times} * timeout_seconds)"
    return f"least(greatest({wanted}, {_interval(shortest)}), {_interval(longest)})"


def _interval(length: timedelta) -> str:
    return f"make_interval(secs => {length.total_seconds():g})"


PICKUP: Final = _within(PICKUP_TIMES, SHORTEST_PICKUP, LONGEST_PICKUP)
GRACE: Final = _within(1, SHORTEST_GRACE, LONGEST_GRACE)
