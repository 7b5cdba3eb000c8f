"""Rows of the log and streams for tests that need no log."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from plexsphere.fleet.application.node_stream import NodeStream
from plexsphere.fleet.domain.node_state import SigningKeys
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.events import EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from tests.support.fleet import DOMAIN


def node_id(number: int) -> NodeId:
    """Return the id that `a_node` gives this number."""
    return NodeId(UUID(int=number))


def a_row(
    offset: int,
    *frames: tuple[EventType, int],
    subject: int = 1,
    to: Iterable[int] | None = None,
    reconcile: Iterable[int] = (),
    reason: str = "",
) -> Row:
    """Return a row about nodes by number; without `to` it is for whoever sees the subject."""
    return Row(
        offset,
        SubjectKind.NODE,
        node_id(subject),
        tuple(Frame(event_type, node_id(about)) for event_type, about in frames),
        None if to is None else frozenset(map(node_id, to)),
        frozenset(map(node_id, reconcile)),
        reason,
        datetime(2026, 1, 1, tzinfo=UTC),
    )


def a_long_row(offset: int, frames: int, to: Iterable[int] = (1,)) -> Row:
    """Return a row of so many frames."""
    return a_row(offset, *[(EventType.PEER_ADDED, 2)] * frames, to=to)


def a_stream(
    number: int = 1, *, replay: Iterable[Row] = (), told: int = 0, domain_id: DomainId = DOMAIN
) -> NodeStream:
    """Return a stream of the node with this number."""
    return NodeStream(domain_id, node_id(number), replay, told, behind=-1)


class StampSigner:
    """Signs with 64 bytes that say nothing."""

    def sign(self, octets: bytes, /) -> bytes:
        return b"s" * 64

    def keys(self) -> SigningKeys:
        return SigningKeys("the-current-key")
