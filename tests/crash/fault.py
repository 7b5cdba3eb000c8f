"""What goes wrong in a cycle: who is killed and where, and what happens to the database meanwhile."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import cycle
from typing import Final, TypeVar

T = TypeVar("T")

# A place, and the passages among which one is drawn: busy places are met by requests, the others by rounds.
PLACES: Final = {
    "request.before-commit": (5, 40),
    "request.after-commit": (5, 40),
    "registration.token-spent": (1, 4),
    "events.stored": (2, 15),
    "departure.node-gone": (1, 2),
    "revocation.counted": (1, 3),
    "sequencer.begins": (6, 20),
    "sequencer.numbered": (2, 10),
    "audit.chained": (2, 8),
    "follower.rows-read": (3, 12),
    "heartbeats.recorded": (1, 2),
}
MOST_LOAD_SECONDS: Final = 0.6
LEAST_LOAD_SECONDS: Final = 0.2


class Trouble(Enum):
    """What happens to the database, or on the way to it, before the kill."""

    NONE = "none"
    RESTART = "PostgreSQL is killed and started again"
    CUT = "connections are cut"
    DELAY = "every piece comes late"
    BLACK_HOLE = "nothing comes through for a while"
    LOST_ANSWERS = "answers to COMMIT are lost"


@dataclass(frozen=True)
class Cycle:
    """
    One cycle: after `seconds` of load and the trouble, the victims are killed.

    With a `failpoint` the only victim dies there by itself.
    """

    number: int
    victims: tuple[int, ...]
    failpoint: str
    trouble: Trouble
    seconds: float

    def __str__(self) -> str:
        who = "both" if len(self.victims) == 2 else f"server {self.victims[0]}"
        where = f" at {self.failpoint}" if self.failpoint else ""
        beside = "" if self.trouble is Trouble.NONE else f", {self.trouble.value}"
        return f"kill -9 of {who}{where}{beside}"


def cycles_of(seed: int, count: int) -> list[Cycle]:
    """Return the cycles of a run; the same for the same seed, in their order."""
    chance = random.Random(seed)
    places, troubles = _dealt(chance, list(PLACES)), _dealt(chance, list(Trouble)[1:])
    cycles: list[Cycle] = []
    for number in range(1, count + 1):
        # A server dies at a failpoint it was started with, so it must have been started for this cycle.
        failpoint = next(places) if cycles and number % 3 == 0 else ""
        victims = cycles[-1].victims[:1] if failpoint else _victims(chance)
        trouble = next(troubles) if number % 4 == 1 else Trouble.NONE
        seconds = chance.uniform(LEAST_LOAD_SECONDS, MOST_LOAD_SECONDS)
        planned = f"{failpoint}=kill@{chance.randint(*PLACES[failpoint])}" if failpoint else ""
        cycles.append(Cycle(number, victims, planned, trouble, seconds))
    return cycles


def _dealt(chance: random.Random, cards: Sequence[T]) -> Iterator[T]:
    return cycle(chance.sample(cards, len(cards)))


def _victims(chance: random.Random) -> tuple[int, ...]:
    return chance.choice([(0,), (1,), (0,), (1,), (0, 1)])
