"""Relations to objects that are there, and to no others."""

from collections.abc import Sequence
from dataclasses import dataclass

from plexsphere.composition.bridges.denials import ChainOf
from plexsphere.identity.domain.authorization_errors import InvalidRelationTuple
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.identity.ports.relation_tuples import RelationTuples
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference


@dataclass(frozen=True, slots=True)
class PlacedTuples:
    """
    Answers the port `RelationTuples`, and refuses to write on an object that does not exist.

    Those who manage the platform pass every gate, also for what is not there: without this a mistyped id of theirs
    would leave a tuple, and open an audit chain, that belong to nobody.
    """

    tuples: RelationTuples
    chain_of: ChainOf

    async def add(self, relation_tuple: RelationTuple, /) -> RelationTuple:
        await self._require_placed(relation_tuple.triple.object)
        return await self.tuples.add(relation_tuple)

    async def replace(self, before: RelationTuple, triple: Triple, /) -> RelationTuple:
        await self._require_placed(triple.object)
        return await self.tuples.replace(before, triple)

    async def remove(self, before: RelationTuple, /) -> None:
        await self.tuples.remove(before)

    async def get(self, tuple_id: TupleId, /) -> RelationTuple | None:
        return await self.tuples.get(tuple_id)

    async def page(
        self, project_id: ProjectId, after: TupleId | None, limit: int, /
    ) -> Sequence[RelationTuple]:
        return await self.tuples.page(project_id, after, limit)

    async def hold_project(self, project_id: ProjectId, /) -> bool:
        return await self.tuples.hold_project(project_id)

    async def home_of(self, project_id: ProjectId, /) -> DomainId | None:
        return await self.tuples.home_of(project_id)

    async def _require_placed(self, target: Reference) -> None:
        if target != PLATFORM_OBJECT and await self.chain_of(target) is None:
            raise InvalidRelationTuple
