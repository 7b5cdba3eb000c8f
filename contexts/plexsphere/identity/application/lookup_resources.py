"""Use case: list what somebody has a permission on."""

from dataclasses import dataclass
from typing import Final

from plexsphere.identity.domain.schema import READ
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.kernel.subjects import Reference

MOST_FOUND: Final = 1_000


@dataclass(frozen=True, slots=True)
class LookupResources:
    """
    Return up to 1,000 objects of the type on which the subject has the permission.

    Who asks about another is shown only the objects that he reads himself.

    Raises:
        UnknownObjectType, UnknownPermission: the question means nothing in the schema.
        AuthzUnavailable, StoreUnavailable: there is no answer.
    """

    authorizer: Authorizer

    async def __call__(
        self, caller: Reference, subject: Reference, permission: str, resource_type: str
    ) -> list[Reference]:
        found = await self.authorizer.lookup_resources(subject, permission, resource_type, MOST_FOUND)
        if caller == subject:
            return found
        decisions = await self.authorizer.check_many(caller, READ, found)
        return [resource for resource, decision in zip(found, decisions, strict=True) if decision.allowed]
