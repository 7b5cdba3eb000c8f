"""Use case: tell a caller what somebody may do."""

from dataclasses import dataclass

from plexsphere.identity.domain.decision import Decision, Reason
from plexsphere.identity.domain.schema import READ
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.kernel.subjects import Reference


@dataclass(frozen=True, slots=True)
class CheckPermission:
    """
    Return whether the subject has the permission.

    Everybody may ask about himself. Who asks about another must read the object; else the answer is out of scope,
    whatever the truth, and no relation was walked.

    Raises:
        UnknownObjectType, UnknownPermission: the question means nothing in the schema.
        AuthzUnavailable, StoreUnavailable: there is no answer.
    """

    authorizer: Authorizer

    async def __call__(
        self, caller: Reference, subject: Reference, permission: str, resource: Reference
    ) -> Decision:
        decision = await self.authorizer.check(subject, permission, resource)
        if caller == subject or (await self.authorizer.check(caller, READ, resource)).allowed:
            return decision
        return Decision(False, Reason.OUT_OF_SCOPE)
