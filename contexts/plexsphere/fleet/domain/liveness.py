"""When a silent node counts as stale, when as unreachable, and when it is back (plexd.md, Heartbeat; design D26)."""

from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.domain.node import Reachability
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.ids import NodeId

# A heartbeat that arrived in time may wait a second until it is written, and the tick may lag a moment.
GRACE_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a Domain waits for a silent node, in milliseconds of ticked time."""

    interval: int
    stale_after: int
    unreachable_after: int

    @classmethod
    def of_seconds(cls, interval: int, stale_after: int, unreachable_after: int) -> "Patience":
        """Return the patience of a Domain's policy, which counts in seconds."""
        return cls(interval * 1000, stale_after * 1000, unreachable_after * 1000)

    @property
    def marks_stale_at(self) -> int:
        """The age at which a healthy node is marked stale."""
        return self.stale_after + GRACE_MS

    @property
    def marks_unreachable_at(self) -> int:
        """The age at which a stale node is marked unreachable."""
        return self.unreachable_after + GRACE_MS

    @property
    def leaves_soon_at(self) -> int:
        """The age at which a node that stays silent is unreachable within one interval."""
        return self.marks_unreachable_at - self.interval


@dataclass(frozen=True, slots=True)
class Move:
    """A node's reachability became another; what its peers are told follows."""

    node_id: NodeId
    was: Reachability
    was_withheld: bool
    now: Reachability
    is_withheld: bool = False

    @property
    def event(self) -> EventType | None:
        """What peers are told; None while they are told nothing."""
        if self.now is Reachability.UNREACHABLE:
            return None if self.is_withheld else EventType.PEER_REMOVED
        if self.was is Reachability.UNREACHABLE and not self.was_withheld:
            return EventType.PEER_ADDED
        return EventType.PEER_ENDPOINT_CHANGED


@dataclass(frozen=True, slots=True)
class Standing:
    """
    A node that reported at least once, and how long ago in ticked milliseconds.

    `heard_ago` counts from its last heartbeat; `age` from there too, or from the last moment at which everybody's age
    began anew. Only a heartbeat brings a node back; only an age marks it.
    """

    node_id: NodeId
    reachability: Reachability
    is_withheld: bool
    heard_ago: int
    age: int

    def move(self, patience: Patience, *, is_guarded: bool) -> Move | None:
        """Return the one step that is due; a guarded Domain's node is withheld instead of taken away."""
        if self.reachability is Reachability.HEALTHY:
            return self._to(Reachability.STALE) if self.age >= patience.marks_stale_at else None
        if self.heard_ago < patience.stale_after:
            return self._to(Reachability.HEALTHY)
        if self.reachability is Reachability.STALE and self.age >= patience.marks_unreachable_at:
            return self._to(Reachability.UNREACHABLE, is_withheld=is_guarded)
        if self.is_withheld and not is_guarded:
            return self._to(Reachability.UNREACHABLE)
        return None

    def _to(self, now: Reachability, *, is_withheld: bool = False) -> Move:
        return Move(self.node_id, self.reachability, self.is_withheld, now, is_withheld)
