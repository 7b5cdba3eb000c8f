"""Use case: give a new node what it proves itself with."""

from dataclasses import dataclass

from plexsphere.identity.application.node_credentials import DrawNodeCredentials
from plexsphere.identity.domain.enrolment import Admitted, Applicant
from plexsphere.identity.domain.node_identity import NodeCredentials, NodeIdentity
from plexsphere.identity.ports.node_identities import NodeIdentities
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class GiveNodeIdentity:
    """Return the credentials of the node that was just admitted; they are shown this once."""

    unit_of_work: UnitOfWork
    node_identities: NodeIdentities
    draw: DrawNodeCredentials

    async def __call__(self, admitted: Admitted, applicant: Applicant) -> NodeCredentials:
        credentials, kept = self.draw(admitted.domain_id, applicant.node_id, 1)
        identity = NodeIdentity(
            domain_id=admitted.domain_id,
            node_id=applicant.node_id,
            token_id=admitted.token_id,
            public_key=applicant.public_key,
            hostname=applicant.hostname,
            kept=kept,
        )
        async with self.unit_of_work():
            await self.node_identities.add(identity)
        return credentials
