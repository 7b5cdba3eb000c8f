"""Use case: let a tuple hold another triple."""

from dataclasses import dataclass

from plexsphere.identity.application.managed_tuple import managed_tuple
from plexsphere.identity.application.permission_gate import require_no_promotion
from plexsphere.identity.application.tuple_audit import TupleAudit
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.identity.domain.schema import Schema
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.identity.ports.relation_tuples import RelationTuples
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PatchRelationTuple:
    """
    Let the tuple hold the new triple in place of its old one, in one transaction, and return it.

    Raises:
        RelationTupleNotFound: no such tuple, or not one whose object the caller manages.
        InvalidRelationTuple: the schema lets nobody write the new triple, or another tuple holds it.
        PromotionRefused: the caller does not manage the new triple's object.
        AuthzUnavailable, StoreUnavailable: nothing was written.
    """

    tuples: RelationTuples
    authorizer: Authorizer
    schema: Schema
    audit: TupleAudit
    unit_of_work: UnitOfWork

    async def __call__(self, caller: Reference, tuple_id: TupleId, triple: Triple) -> RelationTuple:
        before = await managed_tuple(self.tuples, self.authorizer, self.schema, caller, tuple_id)
        self.schema.require_assignable(triple)
        if triple == before.triple:
            return before
        await require_no_promotion(self.authorizer, caller, triple.object)
        async with self.unit_of_work():
            after = await self.tuples.replace(before, triple)
            await self.audit.record(caller, "relation_tuple.delete", before)
            await self.audit.record(caller, "relation_tuple.create", after)
        return after
