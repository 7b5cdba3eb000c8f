"""How long things may take."""

from datetime import timedelta
from typing import Final

# An agent that is connected takes an action up at once; one that is not may still return in time.
PICKUP: Final = timedelta(seconds=300)
# A result may need a retry or two.
GRACE: Final = timedelta(seconds=30)
LONGEST_ROLLOUT: Final = timedelta(hours=24)
KEY_LIFE: Final = timedelta(hours=24)

DEFAULT_TIMEOUT_SECONDS: Final = 30
MOST_TIMEOUT_SECONDS: Final = 86_400


def timeout_of(asked: int, announced: int | None) -> int:
    """Return the seconds an action may run: as asked, else as its node announced, else 30; a day at most."""
    return min(asked or announced or DEFAULT_TIMEOUT_SECONDS, MOST_TIMEOUT_SECONDS)
