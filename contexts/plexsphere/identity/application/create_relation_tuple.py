"""Use case: grant a relation."""

from dataclasses import dataclass

from plexsphere.identity.application.permission_gate import require, require_no_promotion
from plexsphere.identity.application.tuple_audit import TupleAudit
from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.identity.domain.schema import MANAGE, Schema
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.identity.ports.relation_tuples import RelationTuples
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import MintsIds, ProjectId
from plexsphere.platform.kernel.subjects import Reference, project_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CreateRelationTuple:
    """
    Make the triple hold, list it under the project, and return its tuple.

    Doing it again changes nothing: the tuple that holds the triple is returned, be it listed under another project or
    under none. With a mirror the grant counts once `AwaitMirror` has returned.

    Raises:
        PermissionDenied: the caller does not manage the project.
        InvalidRelationTuple: the schema lets nobody write this triple.
        PromotionRefused: the caller does not manage the triple's own object.
        ProjectNotFound: there is no such project.
        AuthzUnavailable, StoreUnavailable: nothing was written.
    """

    tuples: RelationTuples
    authorizer: Authorizer
    schema: Schema
    audit: TupleAudit
    unit_of_work: UnitOfWork
    clock: Clock
    mint_id: MintsIds

    async def __call__(self, caller: Reference, project_id: ProjectId, triple: Triple) -> RelationTuple:
        await require(self.authorizer, caller, MANAGE, project_object(project_id))
        self.schema.require_assignable(triple)
        await require_no_promotion(self.authorizer, caller, triple.object)
        async with self.unit_of_work():
            if not await self.tuples.hold_project(project_id):
                raise ProjectNotFound(project_id)
            drawn = RelationTuple(TupleId(self.mint_id()), project_id, triple, self.clock.now())
            kept = await self.tuples.add(drawn)
            await self.audit.record(caller, "relation_tuple.create", kept)
        return kept
