"""The second home of the tuples, where an external engine reads them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.tuple_change import TupleChange


@dataclass(frozen=True, slots=True)
class Fence:
    """
    The mark that the last write left in the mirror; every write demands it and leaves another.

    So a writer that lost its turn while it was held up can no longer write: it would bring back grants that were
    taken away meanwhile. `mark` is empty in a mirror that was never written to.
    """

    mark: str
    zed_token: str = ""


class AuthzMirror(Protocol):
    """
    An engine that repeats the tuples.

    Raises:
        AuthzUnavailable: it did not answer within 2 s, refused, or the fence had moved. Nothing is known to be
            written then; the same changes may be applied again.
    """

    async def prepare(self) -> None:
        """Give the engine the schema, unless it has this very one."""
        ...

    async def fence(self) -> Fence:
        """Return the fence as it stands; to be read before the changes that are applied under it."""
        ...

    async def apply(self, changes: Sequence[TupleChange], fence: Fence, /) -> Fence:
        """Write up to 500 changes, at most one a triple, all or none of them, and return the new fence."""
        ...

    async def holding(self, triples: Sequence[Triple], /) -> set[Triple]:
        """Return those of the triples that the mirror holds."""
        ...

    def pages(self, object_types: Sequence[str], /) -> AsyncIterator[Sequence[Triple]]:
        """Yield everything the mirror holds on objects of these types, up to 500 triples at a time."""
        ...
