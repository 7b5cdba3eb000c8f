"""An authorizer over a mirror, asked only when the mirror has caught up."""

from collections.abc import Sequence
from dataclasses import dataclass

from plexsphere.identity.application.await_mirror import AwaitMirror, bounded
from plexsphere.identity.domain.decision import Decision
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.kernel.subjects import Reference


@dataclass(frozen=True, slots=True)
class MirroredAuthorizer:
    """
    Answers like the authorizer inside, on everything that was committed before the call (see `Authorizer`).

    Waiting for the mirror and asking it take 2 s together at most; after that the answer is `AuthzUnavailable`.
    """

    authorizer: Authorizer
    await_mirror: AwaitMirror

    async def check(self, subject: Reference, permission: str, resource: Reference, /) -> Decision:
        """Return whether the subject has the permission on the object."""
        async with bounded():
            await self.await_mirror()
            return await self.authorizer.check(subject, permission, resource)

    async def check_many(
        self, subject: Reference, permission: str, resources: Sequence[Reference], /
    ) -> list[Decision]:
        """Return one decision an object, in their order."""
        async with bounded():
            await self.await_mirror()
            return await self.authorizer.check_many(subject, permission, resources)

    async def lookup_resources(
        self, subject: Reference, permission: str, resource_type: str, limit: int, /
    ) -> list[Reference]:
        """Return objects on which the subject has the permission."""
        async with bounded():
            await self.await_mirror()
            return await self.authorizer.lookup_resources(subject, permission, resource_type, limit)

    async def lookup_subjects(
        self, resource: Reference, permission: str, subject_type: str, limit: int, /
    ) -> list[Reference]:
        """Return subjects that have the permission on the object."""
        async with bounded():
            await self.await_mirror()
            return await self.authorizer.lookup_subjects(resource, permission, subject_type, limit)
