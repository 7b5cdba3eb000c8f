"""Use case: repeat a registration whose answer was lost."""

from dataclasses import dataclass

from plexsphere.identity.application.node_credentials import DrawNodeCredentials
from plexsphere.identity.domain.enrolment import Again
from plexsphere.identity.domain.errors import NodeIdentityNotFound
from plexsphere.identity.domain.node_identity import NodeCredentials
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.identity.ports.node_identities import NodeIdentities
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RenewNodeIdentity:
    """
    Return new credentials of the same node; the ones whose answer was lost are void (design D10).

    Raises:
        NodeIdentityNotFound: the node has no living identity that was never used.
    """

    unit_of_work: UnitOfWork
    node_identities: NodeIdentities
    credential_epochs: CredentialEpochs
    draw: DrawNodeCredentials

    async def __call__(self, again: Again) -> NodeCredentials:
        async with self.unit_of_work():
            identity = await self.node_identities.claim_unused(again.domain_id, again.node_id)
            if identity is None:
                raise NodeIdentityNotFound(again.node_id)
            version = identity.kept.nsk_version + 1
            credentials, kept = self.draw(again.domain_id, again.node_id, version)
            await self.node_identities.put_credentials(identity.renewed(kept))
            self.credential_epochs.raise_()
        return credentials
