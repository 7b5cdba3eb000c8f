"""Use case: list the tuples of a project."""

from dataclasses import dataclass

from plexsphere.identity.application.permission_gate import require
from plexsphere.identity.domain.relation_tuple import RelationTuple, TupleId
from plexsphere.identity.domain.schema import READ
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.identity.ports.relation_tuples import RelationTuples
from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.subjects import Reference, project_object


@dataclass(frozen=True, slots=True)
class TuplePage:
    """What of one page the caller may see, and behind which tuple the next page begins; None after the last."""

    items: tuple[RelationTuple, ...]
    next_after: TupleId | None


@dataclass(frozen=True, slots=True)
class ListRelationTuples:
    """
    Return a page of the tuples listed under the project, by id, without those whose object the caller cannot read.

    Raises:
        PermissionDenied: the caller does not read the project.
        AuthzUnavailable, StoreUnavailable: there is no answer.
    """

    tuples: RelationTuples
    authorizer: Authorizer

    async def __call__(
        self, caller: Reference, project_id: ProjectId, after: TupleId | None, limit: int
    ) -> TuplePage:
        await require(self.authorizer, caller, READ, project_object(project_id))
        found = await self.tuples.page(project_id, after, limit + 1)
        page = tuple(found[:limit])
        decisions = await self.authorizer.check_many(caller, READ, [row.triple.object for row in page])
        visible = tuple(row for row, decision in zip(page, decisions, strict=True) if decision.allowed)
        return TuplePage(visible, page[-1].id if len(found) > limit else None)
