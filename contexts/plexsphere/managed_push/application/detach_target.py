"""Use case: take a Domain's credential away."""

from dataclasses import dataclass

from plexsphere.managed_push.application.audited import audited
from plexsphere.managed_push.application.settle_domain import SettleDomain
from plexsphere.managed_push.domain.errors import NotConfigured
from plexsphere.managed_push.domain.intent import Author
from plexsphere.managed_push.domain.target import require_configured
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DetachTarget:
    """
    Forget the credential, once what it was used for is settled; the trail of pushes stays.

    A cluster that is not to be reached keeps nobody from detaching: what it was asked last then stays in the journal
    until it is attached again.

    Raises:
        NotConfigured: the Domain has no target.
    """

    unit_of_work: UnitOfWork
    targets: Targets
    settle_domain: SettleDomain
    trail: AuditTrail

    async def __call__(self, domain_id: DomainId, author: Author) -> None:
        require_configured(await self.targets.get(domain_id), domain_id)
        await self.settle_domain(domain_id)
        async with self.unit_of_work():
            if not await self.targets.remove(domain_id):
                raise NotConfigured(domain_id)
            self.trail.record(audited(domain_id, author, "managed_push.detach"))
