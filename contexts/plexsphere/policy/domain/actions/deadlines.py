"""How long things may take."""

from datetime import timedelta
from typing import Final

# An agent that is connected takes an action up at once; one that is not may still return in time. Who gives an action
# little time wants to know soon: ten times as long is waited for it to be taken up, within these.
PICKUP_TIMES: Final = 10
SHORTEST_PICKUP: Final = timedelta(seconds=10)
LONGEST_PICKUP: Final = timedelta(seconds=300)
# A result may need a retry or two; it has as long as the action had, within these.
SHORTEST_GRACE: Final = timedelta(seconds=5)
LONGEST_GRACE: Final = timedelta(seconds=30)
LONGEST_ROLLOUT: Final = timedelta(hours=24)
KEY_LIFE: Final = timedelta(hours=24)

DEFAULT_TIMEOUT_SECONDS: Final = 30
MOST_TIMEOUT_SECONDS: Final = 86_400


def timeout_of(asked: int, announced: int | None) -> int:
    """Return the seconds an action may run: as asked, else as its node announced, else 30; a day at most."""
    return min(asked or announced or DEFAULT_TIMEOUT_SECONDS, MOST_TIMEOUT_SECONDS)
