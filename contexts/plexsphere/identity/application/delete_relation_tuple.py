"""Use case: take a relation back."""

from dataclasses import dataclass

from plexsphere.identity.application.managed_tuple import managed_tuple
from plexsphere.identity.application.tuple_audit import TupleAudit
from plexsphere.identity.domain.relation_tuple import TupleId
from plexsphere.identity.domain.schema import Schema
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.identity.ports.relation_tuples import RelationTuples
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DeleteRelationTuple:
    """
    Forget the tuple; from then on no check anywhere is allowed by it.

    Managing the tuple's own object is enough, whichever project lists it: who answers for an object can always take
    back a grant on it.

    Raises:
        RelationTupleNotFound: no such tuple, or not one whose object the caller manages.
        AuthzUnavailable, StoreUnavailable: nothing was written.
    """

    tuples: RelationTuples
    authorizer: Authorizer
    schema: Schema
    audit: TupleAudit
    unit_of_work: UnitOfWork

    async def __call__(self, caller: Reference, tuple_id: TupleId) -> None:
        before = await managed_tuple(self.tuples, self.authorizer, self.schema, caller, tuple_id)
        async with self.unit_of_work():
            await self.tuples.remove(before)
            await self.audit.record(caller, "relation_tuple.delete", before)
