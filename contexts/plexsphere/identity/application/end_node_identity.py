"""Use case: end what a node proves itself with."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import NodeIdentityNotFound
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.identity.ports.node_identities import NodeIdentities
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class EndNodeIdentity:
    """
    Make the node's credentials worthless: here at once, everywhere within two seconds (design D9).

    Raises:
        NodeIdentityNotFound: the node has no living identity.
    """

    unit_of_work: UnitOfWork
    node_identities: NodeIdentities
    credential_epochs: CredentialEpochs

    async def __call__(self, domain_id: DomainId, node_id: NodeId) -> None:
        async with self.unit_of_work():
            if not await self.node_identities.end(domain_id, node_id):
                raise NodeIdentityNotFound(node_id)
            self.credential_epochs.raise_()
