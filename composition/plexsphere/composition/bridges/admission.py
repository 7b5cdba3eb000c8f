"""Fleet's doorkeeper, answered by identity: the joint where the two halves of an enrolment meet."""

from dataclasses import dataclass

from plexsphere.fleet.domain.errors import NodeNotFound, TokenInvalid
from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.fleet.ports.admission import Admitted, AdmittedAgain, Credentials
from plexsphere.identity.application.end_node_identity import EndNodeIdentity
from plexsphere.identity.application.give_node_identity import GiveNodeIdentity
from plexsphere.identity.application.redeem_bootstrap_token import RedeemBootstrapToken
from plexsphere.identity.application.renew_node_identity import RenewNodeIdentity
from plexsphere.identity.domain import enrolment, errors
from plexsphere.identity.domain.bootstrap_token import BootstrapTokenKind
from plexsphere.identity.domain.node_identity import NodeCredentials
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class IdentityAdmission:
    """Answers fleet's port `Admission`."""

    redeem_token: RedeemBootstrapToken
    give_identity: GiveNodeIdentity
    renew_identity: RenewNodeIdentity
    end_identity: EndNodeIdentity

    async def redeem(
        self, token: Secret[str], node_id: NodeId, public_key: PublicKey, hostname: Hostname, /
    ) -> Admitted | AdmittedAgain:
        applicant = enrolment.Applicant(node_id, public_key.octets, hostname)
        try:
            outcome = await self.redeem_token(token, applicant)
        except errors.TokenInvalid as error:
            raise TokenInvalid from error
        if isinstance(outcome, enrolment.Again):
            return AdmittedAgain(outcome.domain_id, outcome.node_id)
        kind = NodeKind(outcome.kind.value)
        return Admitted(outcome.domain_id, outcome.project_id, kind, outcome.labels, outcome.token_id)

    async def give(
        self, admitted: Admitted, node_id: NodeId, public_key: PublicKey, hostname: Hostname, /
    ) -> Credentials:
        return _shown(
            await self.give_identity(
                enrolment.Admitted(
                    admitted.domain_id,
                    admitted.project_id,
                    BootstrapTokenKind(admitted.kind.value),
                    admitted.labels,
                    admitted.token_id,
                ),
                enrolment.Applicant(node_id, public_key.octets, hostname),
            )
        )

    async def renew(self, domain_id: DomainId, node_id: NodeId, /) -> Credentials:
        try:
            return _shown(await self.renew_identity(enrolment.Again(domain_id, node_id)))
        except errors.NodeIdentityNotFound as error:
            # The first authenticated call, or the node's end, came between the two looks at it.
            raise TokenInvalid from error

    async def end(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        try:
            await self.end_identity(domain_id, node_id)
        except errors.NodeIdentityNotFound as error:
            raise NodeNotFound(node_id) from error


def _shown(credentials: NodeCredentials) -> Credentials:
    return Credentials(credentials.node_token, credentials.node_secret_key)
