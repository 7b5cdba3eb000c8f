"""Use case: let the first operator in."""

from dataclasses import dataclass

from plexsphere.identity.application.issue_api_token import IssueApiToken
from plexsphere.identity.domain.api_token import ApiTokenTerms, IssuedApiToken
from plexsphere.identity.domain.principal import Principal, PrincipalKind
from plexsphere.identity.ports.principals import Principals
from plexsphere.identity.ports.relations import Relations
from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import MintsIds, PrincipalId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class MintOperator:
    """
    Return an API token of a new user who administers the platform.

    No caller could be asked for a grant here: whoever can run it holds the deployment itself. The trail says so.
    """

    unit_of_work: UnitOfWork
    principals: Principals
    issue_api_token: IssueApiToken
    relations: Relations
    audit_trail: AuditTrail
    mint_id: MintsIds
    clock: Clock

    async def __call__(self, display_name: str = "operator") -> IssuedApiToken:
        user = self._user(display_name)
        async with self.unit_of_work():
            await self.principals.add(user)
            await self.relations.relate(user.reference, "admin", PLATFORM_OBJECT)
            self.audit_trail.record(AuditEntry(None, str(user.reference), "admin", PLATFORM_OBJECT))
            return await self.issue_api_token(user.id, ApiTokenTerms("prod"))

    def _user(self, display_name: str) -> Principal:
        now = self.clock.now()
        return Principal(PrincipalId(self.mint_id()), None, PrincipalKind.USER, display_name, now, now)
