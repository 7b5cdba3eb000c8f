"""Use case: list who has a permission on an object."""

from dataclasses import dataclass
from typing import Final

from plexsphere.identity.application.permission_gate import require
from plexsphere.identity.domain.schema import READ
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.kernel.subjects import Reference

MOST_FOUND: Final = 1_000


@dataclass(frozen=True, slots=True)
class LookupSubjects:
    """
    Return up to 1,000 subjects of the type that have the permission on the object.

    Raises:
        PermissionDenied: the caller does not read the object.
        UnknownObjectType, UnknownPermission: the question means nothing in the schema.
        AuthzUnavailable, StoreUnavailable: there is no answer.
    """

    authorizer: Authorizer

    async def __call__(
        self, caller: Reference, resource: Reference, permission: str, subject_type: str
    ) -> list[Reference]:
        await require(self.authorizer, caller, READ, resource)
        return await self.authorizer.lookup_subjects(resource, permission, subject_type, MOST_FOUND)
