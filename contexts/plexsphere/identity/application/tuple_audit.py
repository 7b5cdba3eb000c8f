"""What the audit trail learns of a tuple's life."""

from dataclasses import dataclass
from uuid import UUID

from plexsphere.identity.domain.relation_tuple import RelationTuple
from plexsphere.identity.ports.relation_tuples import RelationTuples
from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.subjects import Reference


@dataclass(frozen=True, slots=True)
class TupleAudit:
    """Writes into the chain of the Domain that the tuple's object belongs to, the platform's for the platform."""

    trail: AuditTrail
    tuples: RelationTuples

    async def record(self, caller: Reference, relation: str, relation_tuple: RelationTuple) -> None:
        """Keep who did what to which tuple, for the open unit of work (design D33)."""
        object_ = relation_tuple.triple.object
        entry = AuditEntry(
            chain=await self._chain(object_),
            subject=str(caller),
            relation=relation,
            object=object_,
            caveat_context={"tuple": str(relation_tuple.id), "relation": relation_tuple.triple.relation},
            correlation_id=CORRELATION_ID.get(),
        )
        self.trail.record(entry)

    async def _chain(self, object_: Reference) -> DomainId | None:
        if object_.type == "domain":
            return DomainId(UUID(object_.id))
        if object_.type == "project":
            return await self.tuples.home_of(ProjectId(UUID(object_.id)))
        return None
