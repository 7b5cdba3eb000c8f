"""How many connections there are, in all and from each source."""

import resource
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.telemetry.traffic import Traffic

MOST: Final = 50_000
# What the database, the log, the bell and a deployment's libraries may open beside connections.
OTHER_DESCRIPTORS: Final = 256


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many connections are held at once: in all, and from one source."""

    in_all: int
    from_one_source: int


def allow_descriptors() -> int:
    """Raise this process's limit of open files as far as it may, and return how many connections fit under it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return MOST if hard == resource.RLIM_INFINITY else min(MOST, hard - OTHER_DESCRIPTORS)


def bounds_of(in_all: int, from_one_source: int) -> Bounds:
    """Return the bounds; one source leaves a quarter to all others, however much it may."""
    return Bounds(in_all, min(from_one_source, in_all * 3 // 4))


class Connections:
    """Lets a connection in where there is room, and counts it until it is over."""

    def __init__(self, bounds: Bounds, traffic: Traffic) -> None:
        self.traffic: Final = traffic
        self._bounds: Final = bounds
        self._of_source: Final[dict[str, int]] = {}

    def enter(self, source: str, *, is_proxy: bool = False) -> bool:
        """Count one more from the source, or refuse it; a proxy brings everybody's and may bring all."""
        held = self._of_source.get(source, 0)
        bound = self._bounds.in_all if is_proxy else self._bounds.from_one_source
        if held >= bound or self.traffic.connections_open >= self._bounds.in_all:
            self.traffic.connections_refused += 1
            return False
        self._of_source[source] = held + 1
        self.traffic.connections_open += 1
        return True

    def leave(self, source: str) -> None:
        """Count one less."""
        self.traffic.connections_open -= 1
        self._of_source[source] -= 1
        if not self._of_source[source]:
            del self._of_source[source]
