"""Storage of relation tuples."""

from collections.abc import Sequence
from typing import Protocol

from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.platform.kernel.ids import DomainId, ProjectId


class RelationTuples(Protocol):
    """
    Every triple that holds, each at most once.

    Writing needs an open unit of work. With a mirror, each write leaves its change in the outbox of the same
    transaction; none stores a triple that the schema does not know.

    Raises:
        InvalidRelationTuple: the schema has no such relation between such types.
    """

    async def add(self, relation_tuple: RelationTuple, /) -> RelationTuple:
        """Make the triple hold and return its tuple: the given one, or the one that held it before."""
        ...

    async def replace(self, before: RelationTuple, triple: Triple, /) -> RelationTuple:
        """
        Let the tuple hold another triple, its old one no more.

        Raises:
            RelationTupleNotFound: no tuple of this id holds the old triple any more.
            InvalidRelationTuple: another tuple holds the new one.
        """
        ...

    async def remove(self, before: RelationTuple, /) -> None:
        """
        Forget the tuple.

        Raises:
            RelationTupleNotFound: no tuple of this id holds this triple any more.
        """
        ...

    async def get(self, tuple_id: TupleId, /) -> RelationTuple | None:
        """Return the tuple."""
        ...

    async def page(
        self, project_id: ProjectId, after: TupleId | None, limit: int, /
    ) -> Sequence[RelationTuple]:
        """Return up to `limit` tuples listed under the project, by id, beginning behind `after`."""
        ...

    async def hold_project(self, project_id: ProjectId, /) -> bool:
        """Tell whether the project stands in a Domain; it stays there until the unit of work ends."""
        ...

    async def home_of(self, project_id: ProjectId, /) -> DomainId | None:
        """Return the Domain that the project stands in."""
        ...


class AllTriples(Protocol):
    """The same tuples, as the comparison with a mirror reads them."""

    async def triples(self, after: TupleId | None, limit: int, /) -> Sequence[tuple[TupleId, Triple]]:
        """Return up to `limit` triples of any project or none, by id, beginning behind `after`."""
        ...

    async def holding(self, triples: Sequence[Triple], /) -> set[Triple]:
        """Return those of the triples that hold."""
        ...
