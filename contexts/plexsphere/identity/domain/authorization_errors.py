"""The closed error set of identity: authorization."""

from dataclasses import dataclass
from uuid import UUID

from plexsphere.identity.domain.decision import Decision
from plexsphere.identity.domain.errors import IdentityError
from plexsphere.platform.kernel.subjects import Reference


class AuthzUnavailable(IdentityError):
    """The authorizer gave no answer that can be trusted; nothing may be allowed on it (design D6, C10)."""


class UnknownObjectType(IdentityError):
    """The schema has no such type."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnknownPermission(IdentityError):
    """The type has neither a permission nor a relation of that name."""

    def __init__(self, object_type: str, name: str) -> None:
        super().__init__(object_type, name)
        self.object_type = object_type
        self.name = name


class PermissionDenied(IdentityError):
    """The caller lacks the permission; the surface audits this before it answers (design D33)."""

    def __init__(self, denial: "Denial") -> None:
        super().__init__(denial.permission, str(denial.resource))
        self.denial = denial


class PromotionRefused(PermissionDenied):
    """The caller does not manage the object of the tuple he would write (design D12)."""


class InvalidRelationTuple(IdentityError):
    """The schema does not let anybody write this triple, or another tuple holds it already."""


class RelationTupleNotFound(IdentityError):
    """
    No tuple with this id, or none that this caller may know of.

    `denial` is set in the second case: the surface audits it and answers the same as in the first.
    """

    def __init__(self, tuple_id: UUID, denial: "Denial | None" = None) -> None:
        super().__init__(tuple_id)
        self.tuple_id = tuple_id
        self.denial = denial


@dataclass(frozen=True, slots=True)
class Denial:
    """What was asked and why it was refused, as the audit trail and the answer need it."""

    subject: Reference
    permission: str
    resource: Reference
    decision: Decision
