"""What simulated nodes count."""

from collections import Counter
from dataclasses import dataclass, field, fields

from plexd.protocol.events.verification import Rejection


@dataclass(slots=True)
class Counters:
    """
    Sums of one node, or of many.

    `frames` = `verified` + all `rejected`; `redelivered` frames repeat an earlier id with the same event, those
    `disordered` do neither that nor move forward. Of the actions asked for, by so many ids as there are `requests`,
    `executions` were run and reported, `cancellations` of them stopped; `rejections` were not taken up, and `unwanted`
    ones were not wanted any more.
    """

    frames: int = 0
    verified: int = 0
    redelivered: int = 0
    disordered: int = 0
    reconnects: int = 0
    interruptions: int = 0
    heartbeats: int = 0
    states: int = 0
    states_unchanged: int = 0
    corrections: int = 0
    rotations: int = 0
    requests: int = 0
    executions: int = 0
    rejections: int = 0
    unwanted: int = 0
    cancellations: int = 0
    failed_calls: int = 0
    rejected: Counter[Rejection] = field(default_factory=Counter)

    def add(self, other: "Counters") -> None:
        """Add another's sums to these."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejected.update(other.rejected)

    def suspicious(self) -> int:
        """Return how many events were refused for another reason than that they were known already."""
        return sum(self.rejected.values()) - self.rejected[Rejection.REPLAYED]


_NUMBERS = tuple(each.name for each in fields(Counters) if each.name != "rejected")
