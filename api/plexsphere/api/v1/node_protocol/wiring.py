"""What this surface needs from outside, in its own words."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.api.callers import CallingNode
from plexsphere.api.straight import Write


class StateView(Protocol):
    """A node's state; `body` is None when the caller's tag is current. It holds pair keys, so it is not printed."""

    @property
    def tag(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def body(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class PeerEndpointView:
    """Where a visible peer is reached."""

    peer_id: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing that a node put right."""

    type: str
    detail: str


class Stream(Protocol):
    """An open event stream."""

    def frames(self, write: Write, /) -> AsyncGenerator[bytes, None]:
        """
        Yield what is to be sent, until the stream ends.

        While all that was yielded is sent, what comes is given to `write`, and yielded where that does not take it.
        """
        ...

    def leave(self) -> None:
        """Let `frames` end: the reader is gone."""
        ...

    def close(self) -> None:
        """Stop serving the stream."""
        ...


class NodeProtocol(Protocol):
    """The application behind the surface; every call may refuse with `node_not_found` when the node just left."""

    def heartbeat(self, node: CallingNode, timestamp: datetime | None, binary_checksum: str, /) -> bool:
        """Note a heartbeat, without waiting; return whether the node is asked to reconcile."""
        ...

    async def state(self, node: CallingNode, known_tag: str, seen_offset: int, /) -> StateView:
        """Return the node's desired state."""
        ...

    async def events(self, node: CallingNode, last_event_id: str, /) -> Stream:
        """
        Open the node's event stream.

        Raises:
            Refusal: also `event_stream_unavailable` and `rate_limited`.
        """
        ...

    async def endpoint(
        self, node: CallingNode, public_endpoint: str, nat_type: str, /
    ) -> Sequence[PeerEndpointView]:
        """Store where the node is reached, and return where its peers are."""
        ...

    async def capabilities(self, node: CallingNode, manifest: bytes, /) -> None:
        """Store what the node can do, whole; `manifest` is JSON."""
        ...

    async def drift(self, node: CallingNode, corrections: Sequence[Correction], /) -> None:
        """Keep what the node put right."""
        ...

    async def deregister(self, node: CallingNode, /) -> None:
        """Take the node out of the mesh."""
        ...
