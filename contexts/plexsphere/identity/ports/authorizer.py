"""Who may do what, answered."""

from collections.abc import Sequence
from typing import Protocol

from plexsphere.identity.domain.decision import Decision
from plexsphere.platform.kernel.subjects import Reference


class Authorizer(Protocol):
    """
    Answers from the tuples as they stand when the call begins: a grant taken back before is no grant any more, in
    whichever process it was taken back (design D12, C11).

    It fails closed. Every method answers or raises within 2 s:

    Raises:
        AuthzUnavailable: no answer, or none that can be trusted (C10).
        StoreUnavailable: the tuples' own store is away.
        UnknownObjectType, UnknownPermission: the schema knows no such question.
    """

    async def check(self, subject: Reference, permission: str, resource: Reference, /) -> Decision:
        """Return whether the subject has the permission, or stands in the relation, of that name."""
        ...

    async def check_many(
        self, subject: Reference, permission: str, resources: Sequence[Reference], /
    ) -> list[Decision]:
        """
        Return exactly one decision an object, in their order.

        An object that was left unanswered is refused with the reason `unknown` (H49). At most 1,000 objects.
        """
        ...

    async def lookup_resources(
        self, subject: Reference, permission: str, resource_type: str, limit: int, /
    ) -> list[Reference]:
        """Return objects of the type on which the subject has the permission, no more than `limit` of them."""
        ...

    async def lookup_subjects(
        self, resource: Reference, permission: str, subject_type: str, limit: int, /
    ) -> list[Reference]:
        """Return subjects of the type that have the permission on the object, no more than `limit` of them."""
        ...
