"""Which nodes are to be asked, in their next heartbeat answer, to pull their state (design D14, D23)."""

from hashlib import blake2b
from typing import Final

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import NodeId

# Less than an interval: who is asked last says so with the heartbeat after, and pulls within two intervals.
SPREAD_SECONDS: Final = 25.0


class ReconcileBook:
    """Requests of this process; a request is due at once, or spread over one heartbeat interval by the node's id."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._due: Final[dict[NodeId, float]] = {}

    def ask(self, node_id: NodeId) -> None:
        """Ask the node at its next heartbeat."""
        self._due[node_id] = self._clock.monotonic()

    def ask_spread(self, node_id: NodeId) -> None:
        """Ask the node within one interval, apart from the others that are asked for the same reason."""
        share = int.from_bytes(blake2b(node_id.bytes, digest_size=4).digest(), "big") / 2**32
        self._due.setdefault(node_id, self._clock.monotonic() + share * SPREAD_SECONDS)

    def take(self, node_id: NodeId) -> bool:
        """Tell whether the node is to be asked now; it is asked once."""
        due = self._due.get(node_id)
        if due is None or due > self._clock.monotonic():
            return False
        del self._due[node_id]
        return True

    def forget(self, node_id: NodeId) -> None:
        """Drop a request: the node has pulled its state, or left."""
        self._due.pop(node_id, None)
